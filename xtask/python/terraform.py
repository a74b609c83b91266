# SPDX-License-Identifier: Apache-2.0
"""Holds examples/terraform against template.yaml: its syntax, and that what it names of the stack is there.

Run by `cargo xtask test template`. The AWS provider's own view of it is not checked: its schema comes from Terraform's registry alone.
"""

import pathlib
import re
import sys

import hcl2
from cfnlint.decode import cfn_yaml

EXAMPLE = pathlib.Path("examples/terraform")
TAGS = pathlib.Path("shared/scaler-core/src/stream/tags.rs")


def main():
    template = cfn_yaml.load("template.yaml")
    files = {path.name: hcl2.loads(path.read_text(encoding="utf-8")) for path in sorted(EXAMPLE.glob("*.tf"))}
    resources = {bare(kind): next(iter(named.values())) for it in files["main.tf"]["resource"] for kind, named in it.items()}

    stack = resources["aws_cloudformation_stack"]
    differ("parameters", {bare(name) for name in stack["parameters"]} - template["Parameters"].keys())
    expressions = [next(iter(it.values()))["value"] for it in files["outputs.tf"]["output"]]
    differ("outputs", {expression.split('"')[1] for expression in expressions} - template["Outputs"].keys())
    asked = {bare(name) for it in files["variables.tf"]["variable"] for name in it}
    text = (EXAMPLE / "main.tf").read_text(encoding="utf-8")
    differ("variables that nothing uses", {name for name in asked if f"var.{name}" not in text})

    stream = resources["aws_kinesis_stream"]
    ignored = {entry.split('"')[1] for entry in stream["lifecycle"][0]["ignore_changes"] if "tags[" in entry}
    differ("ignored tags", ignored ^ memory())


def memory():
    """The tags that the scaler itself writes."""
    found = dict(re.findall(r'pub const (TAG_RESIZES|TAG_NOTICES): &str = "([^"]+)"', TAGS.read_text(encoding="utf-8")))
    if len(found) != 2:
        sys.exit(f"{TAGS}: TAG_RESIZES and TAG_NOTICES are not where terraform.py looks for them")
    return set(found.values())


def bare(name):
    return name.strip('"')


def differ(what, wrong):
    if wrong:
        sys.exit(f"{EXAMPLE}: {what}: {', '.join(sorted(wrong))} is not as template.yaml and the scaler have it")


if __name__ == "__main__":
    main()
