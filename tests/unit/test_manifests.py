"""The manifests for Docker Compose and Kubernetes speak of the image as the Dockerfile makes it, and of the program as it is."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own, for one call
from starlette.routing import Route

from etl_actors.cli.commands import COMMANDS
from etl_actors.http.app import application
from etl_actors.http.health import HealthState
from etl_actors.settings import Settings
from etl_actors.slips.reading.read import read_slip

_TOP = Path(__file__).parents[2]
_DEFAULTS: dict[str, Any] = tomllib.loads((_TOP / "config" / "default.toml").read_text("utf-8"))
_DOCKERFILE = (_TOP / "Dockerfile").read_text("utf-8")
_COMPOSE: dict[str, Any] = yaml.safe_load((_TOP / "compose.yaml").read_text("utf-8"))
_KUBERNETES: list[dict[str, Any]] = list(yaml.safe_load_all((_TOP / "docs" / "kubernetes.yaml").read_text("utf-8")))
_FOLDERS = {"/app/parsers", "/app/config", "/data"}  # to be mounted over


def _kind(kind: str) -> dict[str, Any]:
    (found,) = (each for each in _KUBERNETES if each["kind"] == kind)
    return found


_POD: dict[str, Any] = _kind("Deployment")["spec"]["template"]["spec"]
(_MIGRATE,) = _POD["initContainers"]
(_DAEMON,) = _POD["containers"]
_CONTAINERS = [pytest.param(_MIGRATE, id="migrate"), pytest.param(_DAEMON, id="daemon")]


def _ours() -> Iterator[tuple[str, dict[str, Any]]]:
    """Find the services of Compose that are run from our image."""
    for name, service in _COMPOSE["services"].items():
        if "build" in service:
            yield name, service


def test_the_port_is_the_settings_the_images_and_the_manifests() -> None:
    port = _DEFAULTS["http_port"]
    assert re.findall(r"(?m)^EXPOSE (\d+)$", _DOCKERFILE) == [str(port)]
    assert _DAEMON["ports"] == [{"name": "http", "containerPort": port}]
    assert _kind("Service")["spec"]["ports"] == [{"name": "http", "port": port, "targetPort": "http"}]
    assert _COMPOSE["services"]["etl-actors"]["ports"] == [f"127.0.0.1:{port}:{port}"]


def test_the_folders_that_may_be_mounted_over_are_in_the_image() -> None:
    assert "COPY parsers /app/parsers\n" in _DOCKERFILE
    assert "COPY config /app/config\n" in _DOCKERFILE
    assert "VOLUME /data\n" in _DOCKERFILE
    assert 'ENTRYPOINT ["etl-actors", "--config", "/app/config/default.toml"]' in _DOCKERFILE
    assert "ETL_PARSERS=/app/parsers" in _DOCKERFILE


@pytest.mark.parametrize(("name", "service"), list(_ours()))
def test_compose_runs_commands_that_there_are_with_settings_that_there_are(name: str, service: dict[str, Any]) -> None:
    assert service.get("command", ["run"])[0] in COMMANDS
    settings = {variable for variable in service["environment"] if variable.startswith("ETL_")}
    assert {variable.removeprefix("ETL_").lower() for variable in settings} <= Settings.model_fields.keys()
    for volume in service.get("volumes", ()):
        here, there, *_ = volume.split(":")
        assert there in _FOLDERS
        assert (_TOP / here).is_dir()


def test_composes_daemon_waits_for_the_schema_and_has_time_to_drain() -> None:
    daemon = _COMPOSE["services"]["etl-actors"]
    assert daemon["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert float(daemon["stop_grace_period"].removesuffix("s")) > _DEFAULTS["drain_s"]
    assert _COMPOSE["services"]["migrate"]["command"] == ["migrate"]


@pytest.mark.parametrize("container", _CONTAINERS)
def test_kubernetes_runs_commands_that_there_are_with_settings_that_there_are(container: dict[str, Any]) -> None:
    assert container["args"][0] in COMMANDS
    assert "command" not in container  # the image's entry point reads the settings file
    named = [variable["name"] for variable in container["env"]]
    settings = [re.fullmatch(r"ETL_([A-Z_]+?)(?:_FILE)?", name) for name in named]
    assert {found[1].lower() for found in settings if found} <= Settings.model_fields.keys()
    assert all(settings)
    assert "ETL_DATABASE_URL_FILE" in named  # the address holds a password: a variable would be shown by kubectl describe


@pytest.mark.parametrize("container", _CONTAINERS)
def test_kubernetes_mounts_what_there_is_where_the_program_looks(container: dict[str, Any]) -> None:
    volumes = {volume["name"]: volume for volume in _POD["volumes"]}
    mounts = {mount["mountPath"]: volumes[mount["name"]] for mount in container["volumeMounts"]}
    assert mounts.keys() <= {*_FOLDERS, "/run/secrets/etl-actors", "/tmp"}
    (url,) = (each["value"] for each in container["env"] if each["name"] == "ETL_DATABASE_URL_FILE")
    folder, _, file = url.rpartition("/")
    assert [item["path"] for item in mounts[folder]["secret"]["items"]] == [file]


@pytest.mark.parametrize("container", _CONTAINERS)
def test_nothing_is_run_as_root_or_may_become_it(container: dict[str, Any]) -> None:
    (uid,) = re.findall(r"useradd --uid (\d+)", _DOCKERFILE)
    assert _POD["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": int(uid),
        "runAsGroup": int(uid),
        "fsGroup": int(uid),
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


@pytest.mark.parametrize(("probe", "path"), [("liveness", "live"), ("readiness", "ready"), ("startup", "live")])
def test_the_probes_ask_what_the_daemon_answers(probe: str, path: str) -> None:
    asked = _DAEMON[f"{probe}Probe"]["httpGet"]
    assert asked == {"path": f"/health/{path}", "port": "http"}
    answered = [route.path for route in application(HealthState()).routes if isinstance(route, Route)]
    assert asked["path"] in answered


def test_the_pod_has_time_to_drain() -> None:
    assert _POD["terminationGracePeriodSeconds"] > _DEFAULTS["drain_s"]


def test_the_services_pods_are_the_deployments() -> None:
    deployment = _kind("Deployment")["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    assert deployment["selector"]["matchLabels"] == labels
    assert _kind("Service")["spec"]["selector"] == labels


def test_the_slip_of_the_config_map_can_be_read_and_lies_in_a_folder_of_its_own() -> None:
    (volume,) = (volume for volume in _POD["volumes"] if "configMap" in volume)
    (item,) = volume["configMap"]["items"]
    slip = read_slip({"slip.toml": _kind("ConfigMap")["data"][item["key"]]}, "public")
    assert item["path"] == f"{slip.name}/slip.toml"
