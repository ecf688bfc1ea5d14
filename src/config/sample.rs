//! What of `component.toml` follows from the options of a room.

use std::fmt::Write;

use toml::{Table, Value};

use crate::room::config::Config;

/// `[default_room]` as the sample has it: each option with what it means and its default.
pub fn default_room() -> String {
    let defaults = Table::try_from(Config::default()).expect("options are values");
    let (mut text, mut tables) = ("[default_room]\n".to_owned(), String::new());
    for (name, meaning) in Config::OPTIONS {
        let meaning: String = meaning.iter().map(|line| format!("#{line}\n")).collect();
        let written = match &defaults[*name] {
            Value::Table(roles) => {
                let mut table = format!("\n{meaning}[default_room.{name}]\n");
                for (role, value) in roles {
                    let (first, rest) = role.split_at(1);
                    let role_name = first.to_uppercase() + rest;
                    write!(table, "# {role_name}s: true or false.\n{role} = {value}\n")
                        .expect("text takes all");
                }
                tables.push_str(&table);
                continue;
            }
            value => format!("{meaning}{name} = {value}\n"),
        };
        text.push_str(&written);
    }
    text + &tables
}
