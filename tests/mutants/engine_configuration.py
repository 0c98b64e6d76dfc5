"""What the configuration file may say."""

from tests.mutants import Mutant

_CONFIG_RULES = "connector/config_rules.py"
_SETTINGS_TESTS = "tests/unit/test_settings.py"

MUTANTS = [
    Mutant(
        _CONFIG_RULES,
        'if identity == "named_principal" and graph.get("token_file") is None:',
        "if False:",
        f"{_SETTINGS_TESTS}::test_a_bad_value_is_refused_by_key_and_with_a_remedy",
    ),
    Mutant(
        _CONFIG_RULES,
        "for tenant in sorted(_tenants(provider) & _NO_TENANT):",
        "for tenant in ():",
        f"{_SETTINGS_TESTS}::test_a_bad_value_is_refused_by_key_and_with_a_remedy",
    ),
    Mutant(
        _CONFIG_RULES,
        'if provider.get("consumer_secret") is None and provider.get("certificate") is None:',
        "if False:",
        f"{_SETTINGS_TESTS}::test_a_bad_value_is_refused_by_key_and_with_a_remedy",
    ),
    Mutant(
        _CONFIG_RULES,
        'if provider.get("consumer_secret") is not None and provider.get("certificate") is not None:',
        "if False:",
        f"{_SETTINGS_TESTS}::test_a_bad_value_is_refused_by_key_and_with_a_remedy",
    ),
]
