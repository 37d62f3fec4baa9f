//! Clients that answer from rules, for tests of one tier without a server.

/// Makes a client of `$sdk` (a crate's name) that answers each request with the first of `$rules` that matches it. Retries are off, so
/// that a mocked error is answered once and no test waits for a back-off.
macro_rules! mocked {
    ($sdk:ident, $rules:expr) => {{
        let mut answers = aws_smithy_mocks::MockResponseInterceptor::new()
            .rule_mode(aws_smithy_mocks::RuleMode::MatchAny);
        for rule in $rules {
            answers = answers.with_rule(rule);
        }
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version($sdk::config::BehaviorVersion::latest())
                .region($sdk::config::Region::new("eu-central-1"))
                .credentials_provider(aws_credential_types::Credentials::new(
                    "AKIDEXAMPLE",
                    "unused",
                    None,
                    None,
                    "test",
                ))
                .retry_config(aws_smithy_types::retry::RetryConfig::disabled())
                .http_client(aws_smithy_mocks::create_mock_http_client())
                .interceptor(answers)
                .build(),
        )
    }};
}

pub(super) use mocked;
