"""The platforms that packages are made for, and which of them a binary is for."""

import dataclasses
import pathlib
import struct

PT_INTERP = 3


@dataclasses.dataclass(frozen=True)
class Target:
    """A platform, with its name in each package index."""

    triple: str
    npm_os: str
    npm_cpu: str
    wheel_platform: str
    published: bool = True

    @property
    def program(self):
        """The file name of the binary."""
        return "loadplan.exe" if self.npm_os == "win32" else "loadplan"

    @property
    def npm_package(self):
        return f"@loadplan/{self.npm_os}-{self.npm_cpu}"

    @property
    def archive(self):
        """The file name of the release archive. It has no version, so that the address of the latest one is fixed."""
        return f"loadplan-{self.triple}.{'zip' if self.npm_os == 'win32' else 'tar.gz'}"


def _linux(machine):
    # A static binary needs no C library, so it suits every Linux: one wheel has the tags of both.
    return f"manylinux_2_17_{machine}.manylinux2014_{machine}.musllinux_1_1_{machine}"


# macOS versions are those that rustc builds for; the release workflow sets the same.
TARGETS = [
    Target("x86_64-unknown-linux-musl", "linux", "x64", _linux("x86_64")),
    Target("aarch64-unknown-linux-musl", "linux", "arm64", _linux("aarch64")),
    Target("x86_64-apple-darwin", "darwin", "x64", "macosx_10_12_x86_64"),
    Target("aarch64-apple-darwin", "darwin", "arm64", "macosx_11_0_arm64"),
    Target("x86_64-pc-windows-msvc", "win32", "x64", "win_amd64"),
    # Binaries that need this machine's C library: for trying packages out. PyPI does not take this tag.
    Target("x86_64-unknown-linux-gnu", "linux", "x64", "linux_x86_64", published=False),
    Target("aarch64-unknown-linux-gnu", "linux", "arm64", "linux_aarch64", published=False),
]
PUBLISHED = [target for target in TARGETS if target.published]


def of(binary: pathlib.Path) -> Target:
    """The target of a binary, from its header: a file with the wrong name ends up in no wrong package."""
    with open(binary, "rb") as file:
        head = file.read(64 * 1024)
    try:
        triple = _elf(head) or _mach_o(head) or _pe(head)
    except struct.error:
        triple = None  # cut off in its header
    for target in TARGETS:
        if target.triple == triple:
            return target
    raise SystemExit(f"{binary}: not a binary for one of {', '.join(target.triple for target in TARGETS)}")


def _elf(head):
    if head[:5] != b"\x7fELF\x02":
        return None
    machine = {0x3E: "x86_64", 0xB7: "aarch64"}.get(struct.unpack_from("<H", head, 18)[0])
    (start,) = struct.unpack_from("<Q", head, 32)
    size, count = struct.unpack_from("<HH", head, 54)
    kinds = [struct.unpack_from("<I", head, start + size * index)[0] for index in range(count)]
    return f"{machine}-unknown-linux-{'gnu' if PT_INTERP in kinds else 'musl'}"


def _mach_o(head):
    if head[:4] != b"\xcf\xfa\xed\xfe":
        return None
    machine = {0x01000007: "x86_64", 0x0100000C: "aarch64"}.get(struct.unpack_from("<I", head, 4)[0])
    return f"{machine}-apple-darwin"


def _pe(head):
    if head[:2] != b"MZ":
        return None
    (start,) = struct.unpack_from("<I", head, 0x3C)
    if head[start : start + 4] != b"PE\0\0":
        return None
    machine = {0x8664: "x86_64"}.get(struct.unpack_from("<H", head, start + 4)[0])
    return f"{machine}-pc-windows-msvc"
