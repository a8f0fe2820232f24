"""Writes what the product is made of as CycloneDX 1.6: `make sbom`. The same tree gives the same bytes."""

import hashlib
import json
import sys
import tomllib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from deploy.supply.allowed import BundledFile, Declared, LicenseError, Part, license_of, read_declared
from deploy.supply.epoch import epoch
from deploy.supply.jars import Jar, license_of_jar, read_jars
from deploy.supply.licenses import part_of
from deploy.supply.locks import DEVELOPMENT, IMAGE, ROOT, Pin, read_lock

TARGET: Final = ROOT / "dist" / "ticketpulse.cdx.json"

_SCOPES: Final[dict[Part, ComponentScope]] = {"shipped": ComponentScope.REQUIRED, "tools": ComponentScope.EXCLUDED}


def bill_of_materials(declared: Declared, seconds: int) -> str:
    """The document of this tree, checked against the schema.

    Python packages of requirements.lock, files of others and the local broker's jars. `excluded` is what only builds
    and checks. A package's hashes are of the files of which pip takes one, so they stand at its reference. LicenseError
    where a licence is unknown.
    """
    pins = read_lock(DEVELOPMENT)
    image = frozenset(pin.name for pin in read_lock(IMAGE))
    packages = {pin: _package(pin, declared, part_of(pin.name, image)) for pin in pins}
    ours = _ours()
    others = [*(_file(file) for file in declared.files), *(_jar(jar, declared) for jar in read_jars())]
    bom = Bom(components=[*packages.values(), *others])
    bom.metadata = BomMetaData(component=ours, timestamp=datetime.fromtimestamp(seconds, UTC))
    bom.register_dependency(ours, [*_needed("ticketpulse", packages), *others])
    for pin, component in packages.items():
        bom.register_dependency(component, _needed(pin.name, packages))
    bom.serial_number = uuid5(NAMESPACE_URL, _text(bom, serial=False))
    return _checked(_text(bom, serial=True))


def _needed(name: str, packages: dict[Pin, Component]) -> Iterator[Component]:
    return (component for pin, component in packages.items() if name in pin.by)


def _text(bom: Bom, *, serial: bool) -> str:
    """The document, with or without what follows from the rest of it; nothing of it is drawn or read off a clock."""
    read = json.loads(JsonV1Dot6(bom).output_as_string())
    if not serial:
        del read["serialNumber"]
    return json.dumps(read, indent=1, sort_keys=True) + "\n"


def _checked(text: str) -> str:
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if problem is not None:
        raise ValueError(f"what was made is no CycloneDX 1.6: {problem}")
    return text


def _ours() -> Component:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return Component(
        name=project["name"],
        version=project["version"],
        type=ComponentType.APPLICATION,
        bom_ref="ticketpulse",
        description=project["description"],
    )


def _package(pin: Pin, declared: Declared, part: Part) -> Component:
    purl = PackageURL("pypi", None, pin.name, pin.version)
    return Component(
        name=pin.name,
        version=pin.version,
        type=ComponentType.LIBRARY,
        bom_ref=str(purl),
        purl=purl,
        scope=_SCOPES[part],
        licenses=[LicenseExpression(license_of(pin.name, declared))],
        external_references=[
            ExternalReference(
                type=ExternalReferenceType.DISTRIBUTION,
                url=XsUri(str(purl)),
                comment="pip takes one of the files with these hashes",
                hashes=_hashes(pin.hashes),
            )
        ],
        properties=[Property(name="ticketpulse:installed-where", value=pin.marker)] if pin.marker else (),
    )


def _hashes(hashes: Iterable[str]) -> list[HashType]:
    return [HashType(alg=HashAlgorithm.SHA_256, content=each) for each in hashes]


def _file(file: BundledFile) -> Component:
    """A file with its hash; a folder as a library with those of its files."""
    path = ROOT / file.path
    inside = sorted(each for each in path.rglob("*") if each.is_file())
    return Component(
        name=file.name,
        version=file.version,
        type=ComponentType.LIBRARY if inside else ComponentType.DATA,
        bom_ref=file.path,
        purl=PackageURL.from_string(file.purl) if file.purl else None,
        scope=_SCOPES[file.part],
        description=file.holds,
        licenses=[LicenseExpression(file.license)],
        hashes=() if inside else _hashes([_sha256(path)]),
        components=[
            Component(
                name=each.name,
                type=ComponentType.FILE,
                bom_ref=str(each.relative_to(ROOT)),
                hashes=_hashes([_sha256(each)]),
            )
            for each in inside
        ],
    )


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _jar(jar: Jar, declared: Declared) -> Component:
    """Maven's group is left out: the lock knows files."""
    return Component(
        name=f"{jar.name}.jar",
        version=jar.version,
        type=ComponentType.LIBRARY,
        bom_ref=f"jar:{jar.name}@{jar.version}",
        scope=ComponentScope.OPTIONAL,
        description="of the local broker of `make run` and the tests; not in the wheel or the image",
        licenses=[LicenseExpression(license_of_jar(jar.name, declared))],
        hashes=_hashes([jar.hash]),
    )


def main(target: Path = TARGET) -> int:
    """Write the document; 1 and the reason when a licence is not known."""
    try:
        text = bill_of_materials(read_declared(), epoch())
    except LicenseError as error:
        print(f"sbom: nothing was written: {error}", file=sys.stderr)
        return 1
    target.parent.mkdir(exist_ok=True)
    target.write_text(text)
    print(f"sbom: {target} is written, {len(json.loads(text)['components'])} components", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
