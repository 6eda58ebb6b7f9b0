"""What is held of the stacks, and what was found not to be so."""

findings: list[str] = []
checks = 0


def expect(what: str, actual: object, expected: object) -> None:
    """Notes a finding where something is not as it should be."""
    global checks
    checks += 1
    if actual != expected:
        findings.append(f"{what}: expected {expected!r}, and it is {actual!r}")
