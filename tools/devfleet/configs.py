"""What each daemon's configuration says in a development fleet, in protobuf text format."""
import json

from . import hsm

FLEET = "dev"
WORKER = "w1"
REGION = "dev"
SIGNER_SESSIONS = 2  # SoftHSM scales to the number of cores, then collapses


def tls_files(fleet, name):
    folder = fleet.dir / "pki" / name
    return {"certificate_file": str(folder / "cert.pem"), "private_key_file": str(folder / "key.pem"),
            "ca_file": str(folder / "ca.pem")}


def _render(fields):
    """Text format: a dict is a message, a list a repeated field, an _Enum is written bare."""
    lines = []
    for name, value in fields.items():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):
                lines.append(f"{name} {{ {_render(each)} }}")
            elif isinstance(each, _Enum):
                lines.append(f"{name}: {each}")
            elif isinstance(each, bool):
                lines.append(f"{name}: {str(each).lower()}")
            else:
                lines.append(f"{name}: {json.dumps(each)}")
    return "\n".join(lines)


class _Enum(str):
    """A name that is written without quotes."""


def _common(fleet, name, certificate):
    return {"fleet": FLEET, "listen": fleet.address(name), "tls": tls_files(fleet, certificate),
            "ready_file": str(fleet.dir / name / "ready.json")}


def _hsm(fleet, name, label):
    return {"module": hsm.module_path(), "token_label": label, "pin_file": str(fleet.dir / name / "pin")}


def _fleetd(fleet):
    return _common(fleet, "fleetd", "fleetd") | {
        "pkcs11": _hsm(fleet, "fleetd", "flyd-fleet") | {"key_label": "flyd-fleet"},
        "state_dir": str(fleet.dir / "fleetd" / "state"),
        "public_key_file": str(fleet.dir / "fleetd" / "fleet-key.pem"),
        "issuer_base": fleet.issuer_base(),
        "audience_base": "https://fly.io",
    }


def _signerd(fleet):
    return _common(fleet, "signerd", "signerd") | {
        "hsm": _hsm(fleet, "signerd", "flyd-signer") | {"sessions": SIGNER_SESSIONS},
        "data_dir": str(fleet.dir / "signerd" / "data"),
        "fleetd": fleet.address("fleetd"),
        "fleet_key_file": str(fleet.dir / "fleetd" / "fleet-key.pem"),
        "require_synchronized_clock": False,
    }


def _issuerd(fleet):
    fields = _common(fleet, "issuerd", "issuerd") | {
        "signers": [fleet.address("signerd")],
        "data_dir": str(fleet.dir / "issuerd" / "data"),
    }
    if fleet.https:
        fields["https"] = {name: path for name, path in tls_files(fleet, "issuerd").items() if name != "ca_file"}
    return fields


def _flyd(fleet):
    fields = _common(fleet, "flyd", WORKER) | {
        "worker": WORKER,
        "signers": [fleet.address("signerd")],
        "fleetd": fleet.address("fleetd"),
        "data_dir": str(fleet.dir / "flyd" / "data"),
        "run_dir": fleet.state["run_dir"],
        "runtime": _Enum(fleet.state["runtime"].upper()),
    }
    if fleet.state["runtime"] == "process":
        fields["process"] = {"init_path": str(fleet.dir / "bin" / "init"), "hidden_paths": [str(fleet.dir)]}
        if fleet.state.get("control_group"):
            fields["process"]["control_group"] = fleet.state["control_group"]
    return fields


def render(name, fleet):
    """The configuration of one daemon as text."""
    return _render({"fleetd": _fleetd, "signerd": _signerd, "issuerd": _issuerd, "flyd": _flyd}[name](fleet)) + "\n"
