package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// C157: a setting with a slip in its name does not look as if it held: it is refused, with the name that was meant.
func TestAMisspelledSettingIsRefused(t *testing.T) {
	t.Parallel()
	for name, meant := range map[string]string{
		"ROSTER_LISTN": "ROSTER_LISTEN", "ROSTER_TRUSTED_PROXYS": "ROSTER_TRUSTED_PROXIES", "ROSTER_TURSTED_PROXIES": "ROSTER_TRUSTED_PROXIES",
		"ROSTER_PROXIES": "ROSTER_TRUSTED_PROXIES", "ROSTER_SMTP": "ROSTER_SMTP_URL", "ROSTER_DATABASE": "ROSTER_DATABASE_URL", "ROSTER_SIGN_UP": "ROSTER_SIGNUP",
		"ROSTER_SIGNED_CONTEXTS": "ROSTER_SIGNED_CONTEXT", "ROSTER_KEYFILE": "ROSTER_KEY_FILE", "ROSTER_DB_URL": "",
		// What somebody guesses, and what an orchestrator would give with another value.
		"ROSTER_PORT": "", "ROSTER_SERVICE": "", "ROSTER_": "", "ROSTER_ZZZZZZ": "", "ROSTER_listen": "",
	} {
		_, err := Read([]string{"ROSTER_URL=https://roster.example.com", "ROSTER_KEY=" + goodKey, name + "=8080"})
		want := name + ": there is no such setting. Did you mean " + meant + "?"
		if meant == "" {
			want = name + ": there is no such setting. "
		}
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, read := range map[string]func([]string) (Config, error){"migrate": Migration, "prove": Proving, "seed": Seeding} {
		_, err := read([]string{"ROSTER_DATABASE_URL=postgres://roster_app@h/d", "ROSTER_ADMIN_DATABASE_URL=postgres://x@h/d", "ROSTER_DATABSE_URL=x"})
		if err == nil || !strings.Contains(err.Error(), "ROSTER_DATABSE_URL: there is no such setting. Did you mean ROSTER_DATABASE_URL?") {
			t.Errorf("roster %s takes it: %v", name, err)
		}
	}
}

// What Kubernetes gives to every program beside services called roster, roster-web and roster-2, and what Docker's links do,
// was set by nobody; nor was what is empty. Names that are not ours do not matter.
func TestNamesThatNobodySetAreLetPass(t *testing.T) {
	t.Parallel()
	for _, environ := range []string{
		"ROSTER_SERVICE_HOST=10.0.0.11 ROSTER_SERVICE_PORT=8080 ROSTER_SERVICE_PORT_HTTP=8080 ROSTER_PORT=tcp://10.0.0.11:8080 " +
			"ROSTER_PORT_8080_TCP=tcp://10.0.0.11:8080 ROSTER_PORT_8080_TCP_PROTO=tcp ROSTER_PORT_8080_TCP_PORT=8080 ROSTER_PORT_8080_TCP_ADDR=10.0.0.11",
		"ROSTER_WEB_SERVICE_HOST=10.0.0.12 ROSTER_WEB_SERVICE_PORT=80 ROSTER_WEB_SERVICE_PORT_HTTP_ALT=80 ROSTER_WEB_PORT=tcp://[fd00::1]:80 ROSTER_WEB_PORT_80_TCP=tcp://[fd00::1]:80",
		"ROSTER_2_SERVICE_HOST=10.0.0.13 ROSTER_2_PORT=udp://10.0.0.13:53 ROSTER_2_PORT_53_UDP_ADDR=10.0.0.13 ROSTER_2_PORT_53_SCTP=sctp://10.0.0.13:53",
		"ROSTER_METRICS_LISTN= PATH=/bin XROSTER_LISTN=1 ROSTER=1",
	} {
		if _, err := Read(append([]string{"ROSTER_URL=https://roster.example.com", "ROSTER_KEY=" + goodKey}, strings.Fields(environ)...)); err != nil {
			t.Errorf("%s: %v", environ, err)
		}
	}
}

// Every setting says what it means, and the README has it; what the README has is a setting.
func TestTheREADMENamesEverySetting(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(raw), "\n## Configuration\n")
	table, _, _ = strings.Cut(table, "\n## ")
	for _, s := range Settings() {
		if s.Means == "" {
			t.Errorf("%s does not say what it means", s.Name)
		}
		if !strings.Contains(table, "`"+s.Name+"`") {
			t.Errorf("the README's table does not name %s", s.Name)
		}
	}
	for _, word := range strings.FieldsFunc(string(raw), func(r rune) bool { return r != '_' && (r < 'A' || r > 'Z') }) {
		if strings.HasPrefix(word, prefix) && word != prefix && unknown(map[string]string{word: "x"}) != nil {
			t.Errorf("the README names %s, which is no setting", word)
		}
	}
}

// Each value out of range or half given is one sentence; blanks around a value are not part of it.
func TestValuesOutOfRangeAreRefusedInOneSentence(t *testing.T) {
	t.Parallel()
	base := []string{"ROSTER_URL=https://roster.example.com", "ROSTER_KEY=" + goodKey}
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(goodKey), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, setting := range []string{
		"ROSTER_LISTEN=127.0.0.1:99999", "ROSTER_LISTEN=127.0.0.1:0", "ROSTER_LISTEN=127.0.0.1:http", "ROSTER_LISTEN=8080", "ROSTER_LISTEN=http://127.0.0.1:8080", "ROSTER_LISTEN=::1:8080",
		"ROSTER_URL=https://roster.example.com:99999", "ROSTER_URL=https://roster.example.com:", "ROSTER_URL=https://roster.example.com/roster",
		"ROSTER_KEY_FILE=" + file, "ROSTER_MAIL_FROM=Roster <a@b.example>", "ROSTER_OPERATOR=" + strings.Repeat("é", longestLine+1), "ROSTER_OPERATOR=a\nb",
		"ROSTER_PRIVACY_URL=https:", "ROSTER_PRIVACY_URL=https:///privacy", "ROSTER_HELP_URL=mailto:", "ROSTER_HELP_URL=/help",
		`ROSTER_HELP_URL="https://example.com/help"`, "ROSTER_SIGNUP=Open", "ROSTER_DEV=yes", "ROSTER_SIGNED_CONTEXT=on", "ROSTER_TRUSTED_PROXIES=10.0.0.0/33",
	} {
		name, _, _ := strings.Cut(setting, "=")
		_, err := Read(append(base, setting))
		if err == nil {
			t.Errorf("%q is taken", setting)
			continue
		}
		for line := range strings.Lines(err.Error()) {
			if !strings.HasPrefix(line, name+": ") && !strings.HasPrefix(line, "ROSTER_SMTP_URL: set it too where ROSTER_MAIL_FROM") {
				t.Errorf("%q: %s", setting, line)
			}
		}
	}
	c, err := Read(append(base, "ROSTER_LISTEN= [::1]:9000\r", "ROSTER_SIGNUP=invited ", "ROSTER_OPERATOR="+strings.Repeat("é", longestLine), "ROSTER_HELP_URL=mailto:help@example.com"))
	if err != nil || c.Listen != "[::1]:9000" || c.SignupOpen {
		t.Errorf("%+v, %v", c, err)
	}
}

// O38 X61: the settings of the README's installation from nothing are taken as they stand, without and with its mail server.
func TestTheREADMEsInstallationIsTaken(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(raw), "/etc/roster/env <<END\n")
	block, _, found := strings.Cut(block, "END\n")
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(goodKey+"\n"), 0o640); err != nil || !found {
		t.Fatal(err, found)
	}
	block = strings.NewReplacer("$(openssl rand -hex 24)", "0123456789abcdef", "/etc/roster/key", file).Replace(block)
	environ := strings.Split(strings.TrimSpace(block), "\n")
	c, err := Read(environ)
	if err != nil || c.Dev || c.SMTP != nil || c.AppURL == "" || len(c.Key) != keySize || len(c.Proxies) != 1 {
		t.Errorf("%v: %+v, %v", environ, c, err)
	}
	for _, name := range []string{"ROSTER_SMTP_URL", "ROSTER_MAIL_FROM"} {
		_, value, found := strings.Cut(string(raw), "`"+name+"=")
		value, _, _ = strings.Cut(value, "`")
		if !found {
			t.Errorf("the README gives no example of %s", name)
		}
		environ = append(environ, name+"="+strings.Trim(value, `"`)) // as a shell and systemd read it
	}
	if c, err := Read(environ); err != nil || c.SMTP == nil {
		t.Errorf("%v: %v", environ, err)
	}
}
