//! The remote server of the demo, which a person may unplug and plug in again.

use crate::{
    config::{Secret, TlsVersion},
    demo::{DemoError, stage::Stage},
    ftp::server::{Certificate, EmbeddedServer, EmbeddedServerOptions, EmbeddedTls, Running, ServerTls},
};

/// The embedded FTP server: explicit TLS, one account, a folder of its own.
#[derive(Debug)]
pub(super) struct Ashore {
    options: EmbeddedServerOptions,
    running: Option<Running>,
}

impl Ashore {
    /// `relay`: the port of the demo's relay.
    pub(super) fn build(stage: &Stage, relay: u16) -> Result<Self, DemoError> {
        let certificate = Certificate::for_names(&["localhost"])?;
        stage.write("ca.pem", &certificate.ca_pem)?;
        stage.write("server.pem", &certificate.pem)?;
        stage.write("server.key", &certificate.key_pem)?;
        let tls = ServerTls {
            certificate: stage.home.join("server.pem"),
            key: stage.home.join("server.key"),
            max: TlsVersion::V1_2,
        };
        let password = format!("{:016x}", fastrand::u64(..));
        let options = EmbeddedServerOptions {
            root: stage.ashore(),
            user: "demo".into(),
            password: Secret::new(password),
            tls: EmbeddedTls::Explicit(tls),
            port: 0,
            passive_ports: None,
        };
        let mut ashore = Self { options, running: None };
        ashore.plug_in()?;
        stage.configure(ashore.options.port, &ashore.options.user, &ashore.options.password, relay)?;
        Ok(ashore)
    }

    /// Starts it, on the port it had before. Does nothing when it runs.
    pub(super) fn plug_in(&mut self) -> Result<(), DemoError> {
        if self.running.is_none() {
            let running = EmbeddedServer::start(self.options.clone())?;
            self.options.port = running.addr.port();
            self.running = Some(running);
        }
        Ok(())
    }

    /// Closes its port and every connection. Does nothing when it is down.
    pub(super) async fn unplug(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }

    pub(super) fn port(&self) -> u16 {
        self.options.port
    }
}
