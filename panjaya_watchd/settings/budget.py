"""A budget as it is written: what one watch folder, or all of them together, may spend."""

from typing import Self

from pydantic import model_validator

from panjaya_watchd.core import budget as core
from panjaya_watchd.settings.values import Amount, Count, Section, wrong


class Budget(Section):
    """Minutes are of dubbed video times target locales. None is no limit; a value that cannot be read is a fault."""

    minutes_per_day: Amount | None = None
    minutes_per_month: Amount | None = None
    drops_per_day: Count | None = None
    max_minutes_per_video: Amount | None = None

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if not self.model_fields_set:
            raise wrong(f"at least one of {', '.join(type(self).model_fields)}", found="an empty budget")
        return self

    def limits(self) -> core.Budget:
        """Give it as the core knows it."""
        return core.Budget(**self.model_dump())
