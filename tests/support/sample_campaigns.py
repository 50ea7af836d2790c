"""Campaign texts that more than one test writes into the sample workspace."""

from typing import Final

MARKETING: Final = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [email]
content: {email: hello}
"""
TWO_VARIANTS: Final = """\
purpose: marketing
schedule: {cron: "30 9 * * mon"}
audience: {register: owners}
variants:
  - {name: lapland, when: {region: Lappi}, email: hello, sms: hello}
  - {name: rest, email: hello}
limits: {per_member: {messages: 1, per: week}, rate: 1 per hour}
"""
