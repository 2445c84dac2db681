//! Tests of the command line.

use clap::CommandFactory as _;

use super::*;
use crate::config::Setting;

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn every_setting_has_a_flag_that_names_its_variable() {
    let command = Cli::command();
    for setting in Setting::ALL {
        let found = command.get_arguments().any(|argument| {
            argument
                .get_help()
                .is_some_and(|help| help.to_string().contains(setting.variable()))
        });
        assert!(found, "no flag for {}", setting.variable());
    }
}

#[test]
fn flags_count_before_and_after_the_command() {
    let cli = Cli::try_parse_from([
        "longshore",
        "--listen",
        "127.0.0.1:1",
        "up",
        "--detach",
        "--instance",
        "x",
    ])
    .unwrap();
    let values = cli.settings.values();
    assert_eq!(values.settings[&Setting::Listen], "127.0.0.1:1");
    assert_eq!(values.settings[&Setting::Instance], "x");
    assert!(matches!(
        cli.command,
        Command::Up(UpArguments {
            detach: true,
            background: false
        })
    ));
}

#[test]
fn accounts_need_an_address() {
    assert!(Cli::try_parse_from(["longshore", "user", "create"]).is_err());
    assert!(Cli::try_parse_from(["longshore", "token", "create", "--email", "a@b.c"]).is_err());
    let cli = Cli::try_parse_from([
        "longshore",
        "user",
        "create",
        "--email",
        "a@b.c",
        "--password-stdin",
    ])
    .unwrap();
    let Command::User {
        command: UserCommand::Create(arguments),
    } = cli.command
    else {
        panic!("another command was parsed");
    };
    assert!(arguments.password_stdin);
}
