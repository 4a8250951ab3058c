"""The settings: one frozen object, read once and passed down; ``config/default.toml`` says what each key means."""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from platformdirs import user_data_path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo, field_validator

from etl_actors.errors import SettingsError
from etl_actors.resources import resource
from etl_actors.settings_sources import PREFIX, Sources, gather

__all__ = ["PREFIX", "Settings", "load_settings"]

_JOINED_BY = ":"

_EXPECTED = {
    "float_parsing": "expected a number",
    "float_type": "expected a number",
    "greater_than": "expected more than {gt}",
    "greater_than_equal": "expected at least {ge}",
    "int_from_float": "expected a whole number",
    "int_parsing": "expected a whole number",
    "int_parsing_size": "expected a smaller number",
    "int_type": "expected a whole number",
    "less_than_equal": "expected at most {le}",
    "literal_error": "expected {expected}",
    "string_too_short": "expected some text",
    "string_type": "expected text",
    "value_error": "{error}",
}


def _no_truth(value: object) -> object:
    if isinstance(value, bool):
        msg = "expected a number"  # else true would count as 1
        raise ValueError(msg)  # noqa: TRY004  # pydantic makes a problem of a ValueError only
    return value


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


_NO_SLIPS = "none"
_Count = Annotated[int, BeforeValidator(_no_truth), Field(ge=1)]
_CountOrAuto = Annotated[int, BeforeValidator(_no_truth), Field(ge=0)]
_Seconds = Annotated[float, BeforeValidator(_no_truth), Field(gt=0, allow_inf_nan=False)]
_DaysOrNone = Annotated[float, BeforeValidator(_no_truth), Field(ge=0, le=100_000, allow_inf_nan=False)]
_SecondsOrNone = Annotated[float, BeforeValidator(_no_truth), Field(ge=0, allow_inf_nan=False)]


class Settings(BaseModel):
    """All settings of one process, complete and checked; made by `load_settings`.

    What was "as needed" in the file is resolved: `data_dir` is a folder, `inflight_batches` a number.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    database_url: SecretStr
    data_dir: Path
    target_schema: str
    parsers: str
    sources: str
    unmatched: Annotated[Literal["breakout", "reject"], BeforeValidator(_lower)]
    unmatched_sources: str
    ddl: Annotated[Literal["auto", "plan"], BeforeValidator(_lower)]
    ddl_max_rewrite_mb: Annotated[int, BeforeValidator(_no_truth), Field(ge=0)]
    workers: Annotated[_Count, Field(le=256)]
    worker_kind: Annotated[Literal["process", "thread"], BeforeValidator(_lower)]
    loaders: _Count
    row_timeout_s: _Seconds
    stored_steps: Annotated[Literal["installed", "any"], BeforeValidator(_lower)]
    batch_rows: _Count
    batch_bytes: _Count
    inflight_batches: _CountOrAuto
    inflight_bytes: _Count
    lease_s: _Seconds
    max_attempts: _Count
    poll_s: _Seconds
    safety_poll_s: _Seconds
    asleep_s: _Seconds
    drain_s: _Seconds
    materialize_every_s: _Seconds
    partition_rows: _Count
    retention_days: _DaysOrNone
    http_host: Annotated[str, Field(min_length=1)]
    http_port: int | None
    freshness_s: _SecondsOrNone
    log_format: Annotated[Literal["auto", "console", "json"], BeforeValidator(_lower)]
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)]

    @property
    def parser_folders(self) -> tuple[Path, ...]:
        """The folders of slips, in the order given; the bundled one where none is named, and none at all for the word none."""
        if self.parsers.strip().lower() == _NO_SLIPS:
            return ()
        named = tuple(Path(part).expanduser() for part in self.parsers.split(_JOINED_BY) if part.strip())
        return named or (resource("parsers"),)

    @property
    def source_names(self) -> tuple[str, ...]:
        """The sources that are claimed, in the order given; none where all are."""
        return tuple(name.strip() for name in self.sources.split(",") if name.strip())

    @property
    def retention(self) -> timedelta | None:
        """How long staged documents are kept, at least; None for ever."""
        return timedelta(days=self.retention_days) if self.retention_days else None

    @property
    def unmatched_names(self) -> tuple[str, ...]:
        """The sources whose documents are broken out where no slip takes them; none for all."""
        return tuple(name.strip() for name in self.unmatched_sources.split(",") if name.strip())

    @field_validator("data_dir", mode="before")
    @classmethod
    def _placed(cls, value: object) -> object:
        if value == "":
            return user_data_path("etl-actors")
        return Path(value).expanduser() if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _addressed(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value().strip()
        if text and "=" not in text and not text.startswith(("postgresql://", "postgres://")):
            msg = "expected postgresql://user@host:port/database"
            raise ValueError(msg)
        server, _, path = text.partition("://")[2].partition("?")[0].partition("/")
        if server.count("@") > 1 or "@" in path:
            # libpq would take the rest of the password for a host, a port or a database, which messages show.
            msg = "expected @ and / in the password as %40 and %2F"
            raise ValueError(msg)
        return SecretStr(text)

    @field_validator("target_schema")
    @classmethod
    def _ours(cls, value: str) -> str:
        if not value or len(value.encode("utf-8", "replace")) > 63 or value == "etl" or value.startswith("pg_"):  # noqa: PLR2004
            msg = "expected the name of a schema, at most 63 bytes, neither etl nor one that begins with pg_"
            raise ValueError(msg)
        return value

    @field_validator("parsers")
    @classmethod
    def _there(cls, value: str) -> str:
        if value.strip().lower() == _NO_SLIPS:
            return value
        missing = [part for part in value.split(_JOINED_BY) if part.strip() and not Path(part).expanduser().is_dir()]
        if missing:
            msg = f"expected folders joined by '{_JOINED_BY}', and there is no folder {', '.join(missing)}"
            raise ValueError(msg)
        return value

    @field_validator("http_port", mode="before")
    @classmethod
    def _port(cls, value: object) -> int | None:
        text = str(value).strip().lower()
        if value is None or text == "off":
            return None
        if not (text.isascii() and text.isdigit() and int(text) < 2**16):
            msg = "expected a port, 0 to 65535, or off"
            raise ValueError(msg)
        return int(text)

    @field_validator("inflight_batches")
    @classmethod
    def _credit(cls, value: int, info: ValidationInfo) -> int:
        return value or 2 * info.data.get("workers", 1) + 2 * info.data.get("loaders", 1)

    @field_validator("inflight_bytes")
    @classmethod
    def _room_for_one(cls, value: int, info: ValidationInfo) -> int:
        if value < info.data.get("batch_bytes", 0):
            msg = f"expected at least batch_bytes, {info.data['batch_bytes']}"
            raise ValueError(msg)
        return value

    @field_validator("asleep_s")
    @classmethod
    def _outlives_a_poll(cls, value: float, info: ValidationInfo) -> float:
        # Else producers stop ringing while we still sleep.
        if value <= info.data.get("safety_poll_s", 0):
            msg = f"expected more than safety_poll_s, {info.data['safety_poll_s']}"
            raise ValueError(msg)
        return value


def load_settings(config: Path | None = None, environ: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    """Read the settings: the defaults, over them `config`, the environment, then `overrides`.

    Args:
        config: a TOML file; None for none.
        environ: the environment; None for that of the process.
        overrides: values by key, of which None counts as not given.

    Raises:
        SettingsError: with a line for every problem: the key, what was expected, what came, and from where.
    """
    sources = gather(
        tuple(Settings.model_fields),
        resource("config") / "default.toml",
        config,
        os.environ if environ is None else environ,
        overrides,
    )
    problems = list(sources.problems)
    try:
        settings = Settings.model_validate(sources.values)
    except ValidationError as exc:
        problems += _problems(exc, sources)
    else:
        if not problems:
            return settings
    raise SettingsError("\n".join(problems)) from None


def _problems(exc: ValidationError, sources: Sources) -> list[str]:
    return [_problem(str(error["loc"][0]), dict(error), sources) for error in exc.errors(include_url=False, include_context=True)]


def _problem(key: str, error: dict[str, Any], sources: Sources) -> str:
    hidden = Settings.model_fields[key].annotation is SecretStr
    got = "a value that is not shown" if hidden else repr(sources.values.get(key))
    return f"{key}: {_expected(error)}, got {got} ({sources.origins.get(key, 'nowhere')})"


def _expected(error: dict[str, Any]) -> str:
    text = _EXPECTED.get(error["type"], "expected otherwise: {msg}")
    return text.format(msg=error["msg"], **error.get("ctx", {}))
