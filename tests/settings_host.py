"""A directory with a configuration in it, as the tests of the settings need it."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from panjaya_watchd.settings import Settings, SettingsFaults, load


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A machine with watch folders ``a`` and ``b``, a state directory, and a configuration to be written."""

    root: Path

    @property
    def config(self) -> Path:
        """Give the path of the main file."""
        return self.root / "etc" / "watchd.toml"

    def folder(self, name: str, extra: str = 'locale = "en-US"\nlanguages = ["es-ES"]') -> str:
        """Give a ``[[folder]]`` whose root is there; its keys begin on the line after the name and the path."""
        (self.root / name).mkdir(exist_ok=True)
        return f'[[folder]]\nname = "{name}"\npath = "{self.root / name}"\n{extra}\n'

    def state(self) -> str:
        """Give a ``[state]`` table on one line that keeps everything below this machine."""
        return f'state.url = "sqlite:///{self.root}/var/ledger.db"\n'

    def load(self, text: str | bytes, **others: str) -> Settings:
        """Write the main file, and ``folders.d/NAME.toml`` for each other, and read them."""
        self.config.parent.mkdir(exist_ok=True)
        self.config.write_bytes(text if isinstance(text, bytes) else text.encode())
        for name, other in others.items():
            (self.config.parent / "folders.d").mkdir(exist_ok=True)
            (self.config.parent / "folders.d" / f"{name}.toml").write_text(other)
        return load(self.config, environ={})

    def faults(self, text: str | bytes, **others: str) -> list[str]:
        """Give the faults of such files, a line each."""
        with pytest.raises(SettingsFaults) as caught:
            self.load(text, **others)
        return [str(fault) for fault in caught.value.faults]
