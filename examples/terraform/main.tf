# SPDX-License-Identifier: Apache-2.0
# A stream that the scaler manages, and the scaler's stack, of a release that `sam package` has put into a bucket.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0, < 7.0"
    }
  }
}

provider "aws" {
  region = var.region
}

resource "aws_kinesis_stream" "orders" {
  name        = "orders"
  shard_count = 4 # Of a new stream. From then on the scaler's.

  stream_mode_details {
    stream_mode = "PROVISIONED"
  }

  tags = {
    "kinesis-scaler/managed"    = "true"
    "kinesis-scaler/shards-min" = "2"
    "kinesis-scaler/shards-max" = "40"
  }

  lifecycle {
    # What the scaler changes. An apply would undo it otherwise: the shard count, the metrics of shards (where ShardMetrics is on), and
    # the two tags that are its memory.
    ignore_changes = [
      shard_count,
      shard_level_metrics,
      tags["kinesis-scaler/resizes"],
      tags["kinesis-scaler/notices"],
    ]
  }
}

data "aws_s3_bucket" "bundles" {
  bucket = var.bucket
}

# CloudFormation takes 51,200 bytes of template as text, and this one is larger. The hash in its name makes a new template a change of
# the stack.
resource "aws_s3_object" "template" {
  bucket = data.aws_s3_bucket.bundles.id
  key    = "kinesis-scaler/${filesha256(var.packaged_template)}.yaml"
  source = var.packaged_template
}

resource "aws_cloudformation_stack" "kinesis_scaler" {
  name         = "kinesis-scaler"
  template_url = "https://${data.aws_s3_bucket.bundles.bucket_regional_domain_name}/${aws_s3_object.template.key}"

  # It makes roles, without names of their own; and it is written for the transform AWS::Serverless.
  capabilities = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]

  parameters = {
    DryRun            = var.dry_run
    NotificationEmail = var.notification_email
  }
}
