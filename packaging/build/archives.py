"""Zip and tar files whose bytes depend on their contents alone, so that a build can be repeated and compared."""

import gzip
import io
import tarfile
import zipfile


def tar_gz(path, entries):
    """Writes `name: (bytes, is_executable)`."""
    with open(path, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for name, (content, is_executable) in entries.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                entry.mode = 0o755 if is_executable else 0o644
                # npm's own packages carry this date: some tools do not take one before 1980.
                entry.mtime = 499162500
                tar.addfile(entry, io.BytesIO(content))


def zip_file(path, entries):
    """Writes `name: (bytes, is_executable)`."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for name, (content, is_executable) in entries.items():
            entry = zipfile.ZipInfo(name, (1985, 10, 26, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = (0o100755 if is_executable else 0o100644) << 16
            packed.writestr(entry, content)


def release(folder, project, target, binary):
    """The archive of a release: a folder with the binary and the licences."""
    root = target.archive.removesuffix(".zip").removesuffix(".tar.gz")
    entries = {f"{root}/{target.program}": (binary, True), f"{root}/README.md": (project.readme.encode(), False)}
    entries |= {f"{root}/{name}": (text, False) for name, text in project.texts.items()}
    write = zip_file if target.archive.endswith(".zip") else tar_gz
    write(folder / target.archive, entries)
