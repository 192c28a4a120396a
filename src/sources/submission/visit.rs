//! One client, from its connection to its end.

use super::{
    Desk,
    dialogue::{Act, Dialogue, Envelope, Last, Login as Wanted, Member, Security, Terms},
    login,
    room::Held,
};
use crate::{
    config::DoorTls,
    domain::{Door, Instructions, Message, Ref},
    intake::{Later, Refused},
    mail::incoming,
    simulation::aside,
    smtp::server::{Came, NoLine, Reply, Wire},
    sources::origin::{Given, Hand},
};
use std::{borrow::Cow, net::IpAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

/// For the next command (RFC 5321 section 4.5.3.2.7).
const COMMAND_WITHIN: Duration = Duration::from_secs(300);
/// For a whole message, however slowly it drips.
const MESSAGE_WITHIN: Duration = Duration::from_secs(1800);
/// For a handshake, and for a last word.
const SHORTLY: Duration = Duration::from_secs(10);
/// Refusals that a client may collect.
const MOST_NOES: u32 = 50;
/// A message of fewer bytes is made here; a larger one where it keeps nobody waiting.
const SMALL: usize = 64 << 10;

/// What is said to whom there is no seat for.
pub(super) const CROWDED: &str = "421 4.3.2 too many clients at once: come again\r\n";

/// Why a visit ended early.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error(transparent)]
    Line(#[from] NoLine),
    #[error(transparent)]
    Broken(#[from] std::io::Error),
    #[error("nothing came in time")]
    Silent,
    #[error("it said more before it was secure")]
    Early,
    #[error("the door shuts")]
    Shut,
}

/// Serves a client until it leaves, breaks a rule that one must not, or the door shuts.
pub(super) async fn visit(desk: Arc<Desk>, (tcp, peer): (TcpStream, IpAddr), cancel: CancellationToken) {
    if let Err(why) = serve(&desk, (tcp, peer), &cancel).await {
        debug!(%peer, %why, "an SMTP client left early");
    }
}

async fn serve(desk: &Desk, (tcp, peer): (TcpStream, IpAddr), cancel: &CancellationToken) -> Result<(), Ended> {
    let _ = tcp.set_nodelay(true); // answers are one write anyway
    let client = Client { desk, peer, cancel };
    let tcp = match (desk.door.tls, desk.tls.get()) {
        (DoorTls::StartTls, Some(_)) => {
            let mut wire = client.greeted(tcp).await?;
            let terms = client.terms(Security::Offered);
            match client.converse(&mut wire, terms).await? {
                After::Over => return Ok(()),
                After::Secure => wire.into_inner().map_err(|_| Ended::Early)?,
            }
        }
        (DoorTls::None, _) | (_, None) => {
            let mut wire = client.greeted(tcp).await?;
            client.converse(&mut wire, client.terms(Security::Plain)).await?;
            return Ok(());
        }
        (DoorTls::Implicit, Some(_)) => tcp,
    };
    let Some(tls) = desk.tls.get() else { return Ok(()) };
    let secured = timeout(SHORTLY, tls.accept(tcp)).await.map_err(|_| Ended::Silent)??;
    let mut wire = match desk.door.tls {
        DoorTls::Implicit => client.greeted(secured).await?,
        _ => Wire::new(secured),
    };
    client.converse(&mut wire, client.terms(Security::Secured)).await.map(drop)
}

/// What follows a conversation.
enum After {
    Over,
    /// The same connection, secure.
    Secure,
}

/// A message that comes in pieces.
struct Chunks {
    message: Vec<u8>,
    room: Held,
    lost: Option<Came>,
}

struct Client<'d> {
    desk: &'d Desk,
    peer: IpAddr,
    cancel: &'d CancellationToken,
}

impl<'d> Client<'d> {
    fn terms(&self, security: Security) -> Terms<'d> {
        let origin = &self.desk.origin;
        Terms {
            host: &origin.host,
            domain: &origin.domain,
            message_size: origin.message_size,
            security,
            login: if self.desk.door.accounts.is_empty() { Wanted::NotNeeded } else { Wanted::Needed },
        }
    }

    async fn greeted<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> Result<Wire<S>, Ended> {
        let mut wire = Wire::new(stream);
        if self.desk.bans.is_banned(self.peer) {
            self.last_word(&mut wire, &Reply::new(421, "4.7.0", "too many wrong passwords: come again later")).await;
            return Err(Ended::Shut);
        }
        wire.say_raw(&format!("220 {} ESMTP Packetboat\r\n", self.desk.origin.host));
        Ok(wire)
    }

    async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        wire: &mut Wire<S>,
        terms: Terms<'d>,
    ) -> Result<After, Ended> {
        let mut dialogue = Dialogue::new(terms);
        let (mut chunks, mut noes) = (None, 0);
        loop {
            let line = match self.within(COMMAND_WITHIN, wire.line()).await {
                Ok(line) => line,
                Err(why) => {
                    let reply = match &why {
                        Ended::Shut => Reply::new(421, "4.3.2", "the door shuts: come again"),
                        Ended::Silent => Reply::new(421, "4.4.2", "nothing came in time"),
                        Ended::Line(NoLine::Stray) => {
                            Reply::new(500, "5.5.2", "lines end in CRLF, and in nothing else")
                        }
                        Ended::Line(NoLine::Long) => Reply::new(500, "5.5.2", "this line is too long"),
                        _ => return Err(why),
                    };
                    self.last_word(wire, &reply).await;
                    return Err(why);
                }
            };
            let reply = match dialogue.hear(&line, wire.has_more()) {
                Act::Say(reply) => reply,
                Act::Greet(lines) => {
                    chunks = None;
                    wire.say_raw(&lines);
                    continue;
                }
                Act::HangUp(reply) => {
                    self.last_word(wire, &reply).await;
                    return Ok(After::Over);
                }
                Act::Bye => {
                    self.last_word(wire, &Reply::new(221, "2.0.0", "farewell")).await;
                    return Ok(After::Over);
                }
                Act::Secure => {
                    wire.say(&Reply::new(220, "2.0.0", "go ahead"));
                    timeout(SHORTLY, wire.flush()).await.map_err(|_| Ended::Silent)??;
                    return Ok(After::Secure);
                }
                Act::Login { mechanism, initial } => {
                    let asked = login::ask(wire, (&mechanism, initial));
                    let reply = match self.within(COMMAND_WITHIN, asked).await? {
                        Ok(login) => self.log_in(&mut dialogue, login).await,
                        Err(reply) => reply,
                    };
                    if self.desk.bans.is_banned(self.peer) {
                        self.last_word(wire, &Reply::new(421, "4.7.0", "too many wrong passwords")).await;
                        return Ok(After::Over);
                    }
                    reply
                }
                Act::Data => {
                    wire.say(&Reply::new(354, "", "end with CRLF.CRLF"));
                    let mut room = Held::of(&self.desk.memory, self.desk.origin.message_size);
                    let came = self.within(MESSAGE_WITHIN, wire.data(&mut room)).await?;
                    self.take_in(&mut dialogue, came).await
                }
                Act::Chunk { size_bytes, wanted } => {
                    let most = self.desk.origin.message_size;
                    if size_bytes > 4 * most {
                        self.last_word(wire, &too_large(most)).await;
                        return Ok(After::Over);
                    }
                    let room = || Held::of(&self.desk.memory, most);
                    let so_far = chunks.get_or_insert_with(|| Chunks { message: vec![], room: room(), lost: None });
                    let chunk = wire.chunk(size_bytes, (&mut so_far.message, &mut so_far.room));
                    let lost = self.within(MESSAGE_WITHIN, chunk).await?;
                    so_far.lost = so_far.lost.take().or(lost);
                    match wanted {
                        Err(reply) => {
                            chunks = None;
                            reply
                        }
                        Ok(Last::No) => Reply::new(250, "2.0.0", format!("{size_bytes} bytes")),
                        Ok(Last::Yes) => match chunks.take() {
                            None => continue, // it was made above
                            Some(Chunks { message, room: _room, lost }) => {
                                self.take_in(&mut dialogue, lost.unwrap_or(Came::Whole(message))).await
                            }
                        },
                    }
                }
            };
            if !dialogue.is_chunked() {
                chunks = None;
            }
            noes += u32::from(reply.is_no());
            if noes > MOST_NOES {
                self.last_word(wire, &Reply::new(421, "4.7.0", "too many refusals")).await;
                return Ok(After::Over);
            }
            wire.say(&reply);
        }
    }

    async fn within<T, E: Into<Ended>>(
        &self,
        span: Duration,
        waits: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Ended> {
        tokio::select! {
            biased;
            came = timeout(span, waits) => came.map_err(|_| Ended::Silent)?.map_err(Into::into),
            () = self.cancel.cancelled() => Err(Ended::Shut),
        }
    }

    /// Whatever becomes of it.
    async fn last_word<S: AsyncRead + AsyncWrite + Unpin>(&self, wire: &mut Wire<S>, reply: &Reply) {
        wire.say(reply);
        let _ = timeout(SHORTLY, wire.flush()).await; // who has gone does not hear it
    }

    async fn log_in(&self, dialogue: &mut Dialogue<'d>, login: login::Login) -> Reply {
        let login::Login { account, password } = login;
        if !self.desk.passwords.is_right(&account, &password).await {
            self.desk.bans.wrong(self.peer);
            warn!(peer = %self.peer, "a wrong password at the submission door");
            return Reply::new(535, "5.7.8", "account or password are wrong");
        }
        let Some((name, _)) = self.desk.door.accounts.get_key_value(&account) else {
            return Reply::new(535, "5.7.8", "account or password are wrong"); // it was there a moment ago
        };
        dialogue.has_logged_in(Member { name, senders: self.desk.senders.get(name) });
        Reply::new(235, "2.7.0", "well")
    }

    /// What is answered to a message: that it is on disk, or why not.
    async fn take_in(&self, dialogue: &mut Dialogue<'d>, came: Came) -> Reply {
        let bytes = match came {
            Came::Whole(bytes) => bytes,
            Came::Stray(stray) => {
                dialogue.taken();
                return Reply::new(550, "5.6.0", stray.to_string());
            }
            Came::TooLarge => {
                dialogue.taken();
                return too_large(self.desk.origin.message_size);
            }
            Came::NoRoom => {
                dialogue.taken();
                return Reply::new(452, "4.3.1", "too many large messages at once: come again");
            }
        };
        let (hello, protocol) = dialogue.manner();
        let (hello, account) = (hello.to_owned(), dialogue.account().map(str::to_owned));
        let envelope = dialogue.taken();
        let message = match self.message((envelope, bytes), (hello, protocol), account).await {
            Ok(message) => message,
            Err(reply) => return reply,
        };
        let id = message.id;
        let taken = self.desk.post.take_once(vec![message]).await;
        match taken.map(|mut answers| answers.pop()) {
            Ok(Some(Ok(_))) => {
                info!(id = %id, peer = %self.peer, "a message was taken in");
                Reply::new(250, "2.0.0", format!("taken in as {}", id.long()))
            }
            Ok(Some(Err(refused))) => refusal(&refused),
            Ok(None) => Reply::new(451, "4.3.0", "nothing came back: come again"),
            Err(why @ Later::NoRoom { .. }) => Reply::new(452, "4.3.1", why.to_string()),
            Err(why) => Reply::new(451, "4.3.0", format!("not now: {why}")),
        }
    }

    async fn message(
        &self,
        (envelope, bytes): (Envelope, Vec<u8>),
        (hello, protocol): (String, &'static str),
        account: Option<String>,
    ) -> Result<Message, Reply> {
        let (origin, peer, now) = (self.desk.origin.clone(), self.peer, self.desk.clock.now());
        let is_small = bytes.len() < SMALL;
        let make = move || {
            let Envelope { sender, recipients, .. } = envelope;
            let (lines, instructions) = (incoming::Lines::Strict, Instructions::default());
            let given = Given { sender, recipients, bytes: Cow::Owned(bytes), lines, instructions };
            let hand = Hand {
                id: Ref::new(),
                door: Door::Submission,
                way: incoming::Door::Submission { hello: &hello, peer, protocol },
                account: account.unwrap_or_else(|| peer.to_string()),
                handed_at: now,
                received_at: now,
            };
            origin.message(given, hand).map_err(|why| Reply::new(550, "5.6.0", why))
        };
        if is_small {
            return make();
        }
        aside(make).await.unwrap_or_else(|why| Err(Reply::new(451, "4.3.0", why.to_string())))
    }
}

fn too_large(most: u64) -> Reply {
    Reply::new(552, "5.3.4", format!("more than {most} bytes, the most here"))
}

fn refusal(refused: &Refused) -> Reply {
    match refused {
        Refused::NoRule => Reply::new(550, "5.7.1", refused.to_string()),
        Refused::Loop(_) => Reply::new(554, "5.4.6", refused.to_string()),
        Refused::OtherContent => Reply::new(554, "5.6.0", refused.to_string()),
    }
}
