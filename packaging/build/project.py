"""What every package says about loadplan, read from the repository, and the templates filled with it."""

import dataclasses
import pathlib
import re
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"
PLACEHOLDER = "OWNER/loadplan"


@dataclasses.dataclass(frozen=True)
class Project:
    """The package section of Cargo.toml, where it is published, and the texts that go into every package."""

    version: str
    description: str
    license: str
    keywords: list
    repository: str | None
    texts: dict  # file name: content

    @classmethod
    def read(cls, repository=None, notices=None):
        with open(ROOT / "Cargo.toml", "rb") as file:
            package = tomllib.load(file)["package"]
        texts = {name: (ROOT / name).read_bytes() for name in ("LICENSE-MIT", "LICENSE-APACHE")}
        if notices:
            texts["THIRD-PARTY-LICENSES.txt"] = pathlib.Path(notices).read_bytes()
        return cls(
            version=package["version"],
            description=package["description"],
            license=package["license"],
            keywords=package["keywords"],
            repository=repository,
            texts=texts,
        )

    @property
    def url(self):
        return f"https://github.com/{self.repository or PLACEHOLDER}"

    @property
    def readme(self):
        return self.fill((PACKAGING / "description.md").read_text(encoding="utf-8"))

    def fill(self, template, **values):
        """The text of a template: `@NAME@` is replaced; a name without a value is an error."""
        values |= {
            "VERSION": self.version,
            "REPOSITORY": self.repository or PLACEHOLDER,
            "OWNER": (self.repository or PLACEHOLDER).split("/")[0],
            "DESCRIPTION": self.description,
        }
        return re.sub(r"@([A-Z][A-Z0-9_]*)@", lambda match: values[match[1]], template)
