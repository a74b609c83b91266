# SPDX-License-Identifier: Apache-2.0
"""Looks at two packings of the same bundles as somebody does who installs them. Run by `cargo xtask test release`.

    release_check.py ARCHITECTURE VERSION FOLDER AGAIN
"""

import hashlib
import pathlib
import stat
import sys
import zipfile

from cfnlint.decode import cfn_yaml

# What a template may have as its text at most where it is not in S3, and where it is, in bytes. Source: CloudFormation User Guide,
# "Understand CloudFormation quotas".
TEXT_MAX, TEMPLATE_MAX = 51_200, 1_048_576


def main(architecture, version, folder, again):
    sums = dict(reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text().splitlines())
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir() if path.name != "SHA256SUMS"}
    expect(found == sums, f"SHA256SUMS is not of the files beside it: {sorted(found.items() ^ sums.items())}")
    expect((again / "SHA256SUMS").read_text() == (folder / "SHA256SUMS").read_text(), "packed again, the same bundles differ")

    path = folder / f"template-{architecture}.yaml"
    template = cfn_yaml.load(str(path))
    functions = {name: it for name, it in template["Resources"].items() if it["Type"] == "AWS::Serverless::Function"}
    for name, function in functions.items():
        expect("Metadata" not in function, f"{name} would be built from source, which is not there")
        is_startable(folder / function["Properties"]["CodeUri"])
    used = {function["Properties"]["CodeUri"] for function in functions.values()}
    zips = {path.name for path in folder.glob("*.zip")}
    expect(used == zips, f"zips are {sorted(zips)}, and the template uses {sorted(used)}")
    expect(template["Parameters"]["Architecture"]["AllowedValues"] == [architecture], "another Architecture may be asked for")

    told = template["Metadata"]["AWS::ServerlessRepo::Application"]
    expect(told["SemanticVersion"] == version, f"the template is of {told['SemanticVersion']}, and the workspace of {version}")
    expect(1 <= len(told["Description"]) <= 256, "the Serverless Application Repository takes 256 characters of Description")
    for key in ["LicenseUrl", "ReadmeUrl"]:
        expect((folder / told[key]).is_file(), f"{key} names {told[key]}, which is not beside the template")
    size = path.stat().st_size
    expect(size <= TEMPLATE_MAX, f"{size} bytes of template: CloudFormation takes {TEMPLATE_MAX}")
    # docs/installing.md and examples/terraform put the template into S3 for this reason.
    expect(size > TEXT_MAX, f"{size} bytes: now the template fits as text, and need not go to S3; say so where it is told")


def is_startable(path):
    with zipfile.ZipFile(path) as packed:
        entries = packed.infolist()
        names = [entry.filename for entry in entries]
        expect(names == ["bootstrap", "LICENSE", "THIRD-PARTY.txt"], f"{path.name} holds {names}")
        expect((entries[0].external_attr >> 16) & stat.S_IXOTH, f"{path.name}: bootstrap may not be started")
        expect(packed.testzip() is None, f"{path.name} is broken")


def expect(holds, message):
    if not holds:
        sys.exit(message)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]), pathlib.Path(sys.argv[4]))
