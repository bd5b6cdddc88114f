//! The agent of a service, for the launchd of one user.

use super::{Service, ServiceError};

/// The text of the property list.
pub(super) fn plist(service: &Service) -> Result<String, ServiceError> {
    let label = label(service);
    let (program, dir, path) = (service.program()?, service.dir()?, service.search_path()?);
    let words = [program, "lifeline", "start", "--foreground", "--dir", dir];
    let arguments: String = words.iter().map(|word| format!("    <string>{}</string>\n", escaped(word))).collect();
    let log = escaped(&service.logs.join("launchd.log").to_string_lossy());
    let (dir, path) = (escaped(dir), escaped(path));
    Ok(format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>{label}</string>
  <key>ProgramArguments</key>
  <array>
{arguments}  </array>
  <key>WorkingDirectory</key>
  <string>{dir}</string>
  <key>EnvironmentVariables</key>
  <dict>
    <key>PATH</key>
    <string>{path}</string>
  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ThrottleInterval</key>
  <integer>30</integer>
  <key>AbandonProcessGroup</key>
  <true/>
  <key>StandardOutPath</key>
  <string>{log}</string>
  <key>StandardErrorPath</key>
  <string>{log}</string>
</dict>
</plist>
"#
    ))
}

/// How launchd calls it.
pub(super) fn label(service: &Service) -> String {
    format!("ai.{}", service.name().replacen('-', ".", 1))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::super::tests::service;
    use super::*;

    #[test]
    fn texts_of_people_stay_texts() {
        let text = plist(&service("/srv/a & b <c>")).unwrap();
        assert!(text.contains("<string>/srv/a &amp; b &lt;c&gt;</string>"), "{text}");
        assert!(
            text.contains("<string>/opt/my tools/100%/$x/instar</string>\n    <string>lifeline</string>"),
            "{text}"
        );
        assert!(text.contains("<key>AbandonProcessGroup</key>\n  <true/>"), "{text}");
    }

    #[test]
    fn the_label_is_one_of_ours() {
        assert!(label(&service("/srv/agent")).starts_with("ai.instar.agent-"));
    }
}
