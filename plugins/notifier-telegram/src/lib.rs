//! Telegram: tells people what happens, in topics of a forum if there are some, and hears what they say.

mod text;
