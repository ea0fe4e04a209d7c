//! The version-control folder a plan lies in, read without running anything.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// A checked-out repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// Its top folder, absolute.
    pub root: PathBuf,
    /// The folder the tool was started in, absolute; relative paths start there.
    pub working_folder: PathBuf,
    /// The commit that is checked out, in hex.
    pub commit: Option<String>,
}

impl Repository {
    /// Looks for the repository around a folder (absolute), upwards.
    pub fn around(working_folder: &Path) -> Option<Self> {
        let root = working_folder.ancestors().find(|folder| folder.join(".git").exists())?;
        Some(Self {
            root: root.to_owned(),
            working_folder: working_folder.to_owned(),
            commit: commit(&root.join(".git")),
        })
    }

    /// A path relative to the root; `None` if it lies outside.
    pub fn relative(&self, path: &Path) -> Option<PathBuf> {
        let mut whole = PathBuf::new();
        for part in self.working_folder.join(path).components() {
            match part {
                Component::CurDir => {}
                Component::ParentDir => {
                    whole.pop();
                }
                part => whole.push(part),
            }
        }
        whole.strip_prefix(&self.root).ok().map(Path::to_owned)
    }
}

/// The commit `HEAD` stands for: written in it, in the file of its branch, or among the packed ones.
fn commit(git: &Path) -> Option<String> {
    let folder = match fs::read_to_string(git) {
        // In a linked worktree `.git` is a file that names the folder.
        Ok(pointer) => git.parent()?.join(pointer.strip_prefix("gitdir:")?.trim()),
        Err(_) => git.to_owned(),
    };
    let head = fs::read_to_string(folder.join("HEAD")).ok()?;
    let Some(branch) = head.strip_prefix("ref:").map(str::trim) else {
        return hash(&head);
    };
    let common = match fs::read_to_string(folder.join("commondir")) {
        Ok(path) => folder.join(path.trim()),
        Err(_) => folder.clone(),
    };
    [&folder, &common].into_iter().find_map(|folder| hash(&fs::read_to_string(folder.join(branch)).ok()?)).or_else(
        || {
            let packed = fs::read_to_string(common.join("packed-refs")).ok()?;
            packed.lines().find_map(|line| line.strip_suffix(branch)?.strip_suffix(' ').and_then(hash))
        },
    )
}

fn hash(text: &str) -> Option<String> {
    let text = text.trim();
    (matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| text.to_owned())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn the_commit_is_found_on_a_branch_packed_or_detached() {
        let folder = tempfile::tempdir().unwrap();
        let git = folder.path().join(".git");
        let inside = folder.path().join("plans/api");
        fs::create_dir_all(git.join("refs/heads")).unwrap();
        fs::create_dir_all(&inside).unwrap();
        let found = || Repository::around(&inside).unwrap().commit;

        fs::write(git.join("HEAD"), "ref: refs/heads/main\n").unwrap();
        assert_eq!(found(), None);
        fs::write(git.join("packed-refs"), format!("# pack-refs\n{COMMIT} refs/heads/main\n")).unwrap();
        assert_eq!(found().as_deref(), Some(COMMIT));
        let other = COMMIT.replace('0', "f");
        fs::write(git.join("refs/heads/main"), format!("{other}\n")).unwrap();
        assert_eq!(found(), Some(other));
        fs::write(git.join("HEAD"), COMMIT).unwrap();
        assert_eq!(found().as_deref(), Some(COMMIT));
    }

    #[test]
    fn paths_are_relative_to_the_root_wherever_the_tool_was_started() {
        let repository = Repository { root: "/repo".into(), working_folder: "/repo/tests".into(), commit: None };
        assert_eq!(repository.relative(Path::new("plans/a.yaml")), Some("tests/plans/a.yaml".into()));
        assert_eq!(repository.relative(Path::new("../b.yaml")), Some("b.yaml".into()));
        assert_eq!(repository.relative(Path::new("/repo/c.yaml")), Some("c.yaml".into()));
        assert_eq!(repository.relative(Path::new("/elsewhere/d.yaml")), None);
    }
}
