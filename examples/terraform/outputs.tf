# SPDX-License-Identifier: Apache-2.0
# What a person needs afterwards.

output "dashboard_url" {
  description = "Load, capacity, decisions and cost of one managed stream at a time."
  value       = aws_cloudformation_stack.kinesis_scaler.outputs["DashboardUrl"]
}

output "notification_topic_arn" {
  description = "Topic to subscribe to."
  value       = aws_cloudformation_stack.kinesis_scaler.outputs["NotificationTopicArn"]
}
