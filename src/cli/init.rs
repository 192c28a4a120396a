//! `init`: a first packetboat.yaml and a first rule, never over anything; `--systemd`: where the service may write.

use crate::{
    cli::{
        args::Init,
        console::Console,
        exit::{Exit, Failure},
    },
    control::{self, InitError, Written},
};
use anyhow::Context;
use serde_json::json;
use std::{
    io::Write,
    path::{Path, PathBuf},
};

/// Where systemd looks for what we say of our unit.
pub const DROP_IN: &str = "/etc/systemd/system/packetboat.service.d/folders.conf";

/// Writes the first files, or with `--systemd` the drop-in.
pub fn init(wanted: &Init, config: Option<&Path>, console: &Console) -> Result<Exit, Failure> {
    match &wanted.systemd {
        Some(path) => systemd(path, config, console),
        None => first_files(config, console),
    }
}

fn first_files(config: Option<&Path>, console: &Console) -> Result<Exit, Failure> {
    let file = config.map_or_else(|| PathBuf::from("packetboat.yaml"), Path::to_path_buf);
    let written = control::init(&file).map_err(|refused| match refused {
        InitError::Exists(_) => Failure::Usage(refused.to_string()),
        InitError::Unwritable { .. } => Failure::Other(refused.into()),
    })?;
    let Written { configuration, rule, storage, folder } = &written;
    console.answer(&written, || {
        format!(
            "{}\n{}\n\nData will be kept in {}; the rule watches {}.\n\
             Put in your server, then: packetboat check, packetboat plan, packetboat run\n",
            configuration.display(),
            rule.display(),
            storage.display(),
            folder.display()
        )
    })?;
    Ok(Exit::Done)
}

fn systemd(path: &Path, config: Option<&Path>, console: &Console) -> Result<Exit, Failure> {
    let text = control::drop_in(config)?;
    if path == Path::new("-") {
        console.print(&text)?;
        return Ok(Exit::Done);
    }
    let is_foreign = std::fs::read_to_string(path).is_ok_and(|there| !there.starts_with(control::DROP_IN_MARK));
    if is_foreign {
        return Err(Failure::Usage(format!(
            "{} is not ours and stays as it is: remove it, or name another file",
            path.display()
        )));
    }
    write(path, &text)
        .with_context(|| format!("{} could not be written; `packetboat init --systemd -` prints it", path.display()))?;
    console.answer(&json!({ "written": path }), || {
        format!("{}\nNext: systemctl daemon-reload && systemctl restart packetboat\n", path.display())
    })?;
    Ok(Exit::Done)
}

/// Beside, then renamed: systemd never reads half of it.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let making = path.with_extension("conf.new");
    let mut file = std::fs::File::create(&making)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(making, path)
}
