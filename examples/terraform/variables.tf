# SPDX-License-Identifier: Apache-2.0
# What differs from one account and Region to the next.

variable "region" {
  description = "Region of the streams, and of the one stack that manages them."
  type        = string
}

variable "bucket" {
  description = "Bucket in that Region, to which `sam package` has put the bundles."
  type        = string
}

variable "packaged_template" {
  description = "File that `sam package --output-template-file` has written."
  type        = string
  default     = "packaged.yaml"
}

variable "dry_run" {
  description = "true decides, logs, and changes no stream. Set it to false when what you read is what you want."
  type        = string
  default     = "true"
}

variable "notification_email" {
  description = "Address that is told of deployments, resizes and what needs a person. Empty subscribes nobody."
  type        = string
  default     = ""
}
