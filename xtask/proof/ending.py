# SPDX-License-Identifier: Apache-2.0
"""However a proof ends - kept, disproved, out of time, interrupted - what it made is deleted."""

import signal

from cloud import Disproved, Stopped


SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM]


def prove(proof, minutes):
    """Runs every step within the time limit, deletes everything, and gives the exit code."""
    for number in SIGNALS:
        signal.signal(number, interrupted)
    signal.alarm(minutes * 60)
    fault = None
    try:
        proof.world.prepare()
        proof.run()
    except BaseException as error:  # Also a signal's: nothing may keep what was made from being deleted.
        fault = error
    return end(proof, fault)


def interrupted(number, _frame):
    # One is enough: a second must not get in between this one and the deletion.
    for other in SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    raise Stopped("the time limit is over" if number == signal.SIGALRM else f"signal {signal.Signals(number).name}")


def end(proof, fault):
    """Deletes everything, says how it ended, and gives the exit code."""
    signal.alarm(0)
    for number in [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]:
        signal.signal(number, lambda *_: proof.say("deleting what was made; a moment"))
    if fault is not None:
        proof.say(f"NOT PROVEN: {fault if isinstance(fault, (Disproved, Stopped)) else repr(fault)}")
    left = proof.clean_up()
    for what in left:
        proof.say(f"LEFT: {what}")
    proof.say("not everything is deleted" if left else "deleted, and nothing is left")
    return 1 if left or fault is not None else 0
