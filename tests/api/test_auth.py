"""All suites about who is let in and who may do what.

SPDX-License-Identifier: Apache-2.0
"""
# pylint: disable=unused-import
from auth_basic import Passwords
from auth_keystone import Delayed, Gone, Leases, LeasesOfOlderReleases, Outage, Tokens, Turns
from auth_parents import Parents
from auth_remote import Remote, RemoteJson, RemoteTls
from auth_roles import Legacy, Overrides, Roles, Secrets, ServiceProject, Steps
