# SPDX-License-Identifier: Apache-2.0
"""Packs built functions as a release: a zip of each, and the template over them. Run by `cargo xtask release`.

    release.py ARCHITECTURE BUILT FOLDER

BUILT has a folder for each function, by its binary or, as `sam build` makes it, by its name in the template. FOLDER gets the zips, the
template, the licence, the README and SHA256SUMS over all that is there.
"""

import hashlib
import pathlib
import re
import shutil
import sys
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The same bundle makes the same zip, whenever it is packed. A zip knows no earlier time.
PACKED_AT = (1980, 1, 1, 0, 0, 0)
# A file that all may read and start, as Lambda does; and one that all may read.
PROGRAM, TEXT = 0o100755, 0o100644
# The field e_machine of an ELF file, at byte 18. Source: "ELF-64 Object File Format" and the processors' supplements to it.
MACHINES = {"x86_64": 62, "arm64": 183}
# What the Serverless Application Repository shows beside the template.
BESIDE = ["LICENSE", "README.md"]
# What must go along with a program, wherever its zip goes.
NOTICES = ["LICENSE", "THIRD-PARTY.txt"]
SUMS = "SHA256SUMS"

BUILT_FROM_SOURCE = re.compile(
    r"(?P<head>  (?P<function>\w+):\n    Type: AWS::Serverless::Function\n)"
    r"    Metadata:\n      BuildMethod: rust-cargolambda\n      BuildProperties:\n        Binary: (?P<binary>[a-z-]+)\n"
    r"(?P<properties>    Properties:\n)"
)
SOURCE = re.compile(r"    # [^\n]*\n    CodeUri: \.\n")
ARCHITECTURE = re.compile(
    r"  Architecture:\n    Description: [^\n]*\n    Type: String\n    Default: arm64\n    AllowedValues: \[arm64, x86_64\]\n"
)


def main(architecture, built, folder):
    folder.mkdir(parents=True, exist_ok=True)
    template = (ROOT / "template.yaml").read_text(encoding="utf-8")
    for name in BESIDE:
        shutil.copyfile(ROOT / name, folder / name)
    notices = {name: (folder / name).read_bytes() for name in NOTICES}
    functions = [(found["function"], found["binary"]) for found in BUILT_FROM_SOURCE.finditer(template)]
    if len(functions) != template.count("Type: AWS::Serverless::Function"):
        sys.exit("template.yaml: not every function has the Metadata that release.py looks for")
    for function, binary in functions:
        bundle = next((path for name in (binary, function) if (path := built / name / "bootstrap").is_file()), None)
        if bundle is None:
            sys.exit(f"{built} has no {binary}/bootstrap: build the function first")
        pack(bundle, architecture, notices, folder / f"{binary}-{architecture}.zip")
    (folder / f"template-{architecture}.yaml").write_text(packaged(template, architecture), encoding="utf-8")
    files = sorted(path for path in folder.iterdir() if path.name != SUMS)
    sums = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files)
    (folder / SUMS).write_text(sums, encoding="utf-8")


def pack(bundle, architecture, notices, target):
    program = bundle.read_bytes()
    if program[:4] != b"\x7fELF" or int.from_bytes(program[18:20], "little") != MACHINES[architecture]:
        sys.exit(f"{bundle} is no Linux program for {architecture}: Lambda could not start it")
    with zipfile.ZipFile(target, "w") as packed:
        for name, content, mode in [("bootstrap", program, PROGRAM)] + [(name, text, TEXT) for name, text in notices.items()]:
            entry = zipfile.ZipInfo(name, PACKED_AT)
            entry.external_attr = mode << 16
            # Whose attributes those are: Unix's, on whatever machine this runs.
            entry.create_system = 3
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, content, compresslevel=9)


def packaged(template, architecture):
    """The template, with zips beside it in place of sources: `sam deploy` and `sam package` upload them."""
    template = BUILT_FROM_SOURCE.sub(rf"\g<head>\g<properties>      CodeUri: \g<binary>-{architecture}.zip\n", template)
    template = once(SOURCE, "", template)
    only = (
        "  Architecture:\n    Description: Processor that the bundles of this release are built for.\n    Type: String\n"
        f"    Default: {architecture}\n    AllowedValues: [{architecture}]\n"
    )
    return once(ARCHITECTURE, only, template)


def once(pattern, replacement, template):
    template, count = pattern.subn(replacement, template)
    if count != 1:
        sys.exit(f"template.yaml: release.py expects this once and finds it {count} times: {pattern.pattern}")
    return template


if __name__ == "__main__":
    main(sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
