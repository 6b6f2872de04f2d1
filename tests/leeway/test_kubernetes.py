"""The manifests hold what they promise: by Kubernetes' own schemas, and against the product's commands, settings and tables."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from leeway.celery_app import QUEUES
from leeway.settings import environment
from models import Base

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "kubernetes"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
COMMON = yaml.safe_load((FOLDER / "common.yaml").read_text())["spec"]["template"]["spec"]
OURS = [one for name in KUSTOMIZATION["resources"] for one in yaml.safe_load_all((FOLDER / name).read_text())]
DEPLOYMENTS = {one["metadata"]["name"]: one for one in OURS if one["kind"] == "Deployment"}


def container(name: str) -> dict[str, Any]:
    found: dict[str, Any] = DEPLOYMENTS[name]["spec"]["template"]["spec"]["containers"][0]
    return found


def merged(one: dict[str, Any]) -> dict[str, Any]:
    """A Deployment as kustomize's strategic merge makes it."""
    spec = one["spec"]["template"]["spec"]
    both = {**COMMON, **spec, "containers": [{**COMMON["containers"][0], **spec["containers"][0]}]}
    return {**one, "spec": {**one["spec"], "template": {**one["spec"]["template"], "spec": both}}}


@pytest.mark.parametrize("one", OURS, ids=lambda one: f"{one['kind']} {one['metadata']['name']}")
def test_each_resource_is_what_kubernetes_expects(one: dict[str, Any]) -> None:
    if one["apiVersion"].startswith("keda.sh/"):  # not of Kubernetes itself
        assert one["kind"] in ("ScaledObject", "TriggerAuthentication")
        return
    version = kubernetes_validate.latest_version()
    kubernetes_validate.validate(merged(one) if one["kind"] == "Deployment" else one, version, strict=True)


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl: apt-get install kubectl")
def test_kustomize_builds_it(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "k")
    shutil.copytree(ROOT / "leeway" / "templates", tmp_path / "k" / "config")
    built = subprocess.run(["kubectl", "kustomize", str(tmp_path / "k")], capture_output=True, text=True, check=True)
    found = list(yaml.safe_load_all(built.stdout))
    pods = [one["spec"]["template"]["spec"] for one in found if one["kind"] == "Deployment"]
    assert len(pods) == 6
    for pod in pods:
        assert pod["enableServiceLinks"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True
        assert pod["containers"][0]["image"].startswith("registry.example.com/leeway:")
        assert pod["containers"][0]["livenessProbe"]


def test_every_queue_has_workers_and_beat_and_the_page_are_there() -> None:
    queues = [words[words.index("-Q") + 1] for name in DEPLOYMENTS if "-Q" in (words := container(name)["command"])]
    assert sorted(queues) == sorted(QUEUES)
    for queue in (*QUEUES, "beat"):
        assert container(f"leeway-{queue}")["livenessProbe"]["exec"]["command"] == [
            "python",
            "-m",
            "leeway.alive",
            queue,
        ]
    assert container("leeway-beat")["command"][:5] == ["celery", "-A", "leeway.celery_app", "--quiet", "beat"]
    assert container("leeway-web")["command"] == ["leeway", "web"]


def test_selectors_scalers_and_budgets_name_what_is_there() -> None:
    for one in OURS:
        spec = one["spec"]
        if one["kind"] == "Deployment":
            assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()
        elif one["kind"] in ("Service", "PodDisruptionBudget"):
            wanted = spec["selector"] if one["kind"] == "Service" else spec["selector"]["matchLabels"]
            of = [
                d for d in DEPLOYMENTS.values() if wanted.items() <= d["spec"]["template"]["metadata"]["labels"].items()
            ]
            assert len(of) == 1
            assert of[0]["spec"]["replicas"] >= 2  # else a budget of one keeps nodes from being drained
        elif one["kind"] == "ScaledObject":
            assert spec["scaleTargetRef"]["name"] in DEPLOYMENTS
            for trigger in spec["triggers"]:
                table, column = re.match(
                    r"SELECT count\(\*\) FROM (\w+)(?: WHERE (\w+))?$", trigger["metadata"]["query"]
                ).groups()  # type: ignore[union-attr]
                assert table in Base.metadata.tables
                assert column is None or column in Base.metadata.tables[table].columns


def test_settings_are_settings_and_secrets_come_from_files() -> None:
    lines = dict(line.split("=", 1) for line in (FOLDER / "base.env").read_text().splitlines())
    found = environment.read({k: v for k, v in lines.items() if not k.endswith("_FILE")})
    assert (found.faults, found.hints) == ([], [])
    for name, value in lines.items():
        if name.endswith("_FILE"):
            assert name.removesuffix("_FILE") in environment.variables()
            assert value.startswith("/run/secrets/leeway/")
        else:
            assert not re.search("TOKEN|PASSWORD|SECRET|DATABASE", name)
    prefix = next(one for one in OURS if one["kind"] == "Ingress")["spec"]["rules"][0]["http"]["paths"][0]["path"]
    assert lines["LEEWAY_WEB__URL"].endswith(prefix)
