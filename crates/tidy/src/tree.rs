//! The project's files: what git tracks, and what it would track.

use std::{fs, io, path::Path, process::Command};

use crate::File;

/// Reads every file of the checkout at `root` that git does not ignore. Files that are no text are left out.
///
/// # Errors
///
/// If git cannot list the files or one cannot be read.
pub fn files(root: &Path) -> io::Result<Vec<File>> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .current_dir(root)
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let mut files = Vec::new();
    for path in String::from_utf8_lossy(&output.stdout).split('\0').filter(|path| !path.is_empty()) {
        match fs::read_to_string(root.join(path)) {
            Ok(text) => files.push(File::new(path, text)),
            // Removed but not yet committed, or no text.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(files)
}
