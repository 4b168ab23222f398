package config

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const goodKey = "c2l4dGVlbiBieXRlcyBhbmQgMTYgbW9yZSBvbmVzISE="

func TestDevelopmentNeedsNothing(t *testing.T) {
	data := t.TempDir()
	c, err := Read([]string{"ROSTER_DEV=1", "ROSTER_DATA=" + data})
	if err != nil {
		t.Fatal(err)
	}
	if c.URL.String() != "http://localhost:8080" || c.Listen != "127.0.0.1:8080" || len(c.Key) != keySize || !c.SignupOpen || c.AppURL != "" {
		t.Errorf("%+v", c)
	}
	again, err := Read([]string{"ROSTER_DEV=1", "ROSTER_DATA=" + data})
	if err != nil || string(again.Key) != string(c.Key) {
		t.Error("the key is made anew each time")
	}
	info, err := os.Stat(filepath.Join(data, "key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v, %v", info.Mode(), err)
	}
}

// C157 I40: everything that is wrong is said at once, and no unsafe configuration starts.
func TestComplaints(t *testing.T) {
	for _, c := range []struct {
		environ []string
		want    []string
	}{
		{nil, []string{"ROSTER_URL", "ROSTER_KEY"}},
		{[]string{"ROSTER_DEV=1", "ROSTER_LISTEN=0.0.0.0:8080", "ROSTER_URL=https://roster.example.com"}, []string{"ROSTER_LISTEN", "ROSTER_URL"}},
		{[]string{"ROSTER_DEV=maybe", "ROSTER_DATA=" + t.TempDir()}, []string{"ROSTER_DEV", "ROSTER_URL", "ROSTER_KEY"}},
		{[]string{"ROSTER_URL=http://roster.example.com", "ROSTER_KEY=" + goodKey}, []string{"ROSTER_URL"}},
		{[]string{"ROSTER_URL=https://roster.example.com/path", "ROSTER_KEY=short"}, []string{"ROSTER_URL", "ROSTER_KEY"}},
		{[]string{"ROSTER_URL=https://roster.example.com", "ROSTER_KEY=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}, []string{"ROSTER_KEY"}},
		{[]string{"ROSTER_URL=https://roster.example.com", "ROSTER_KEY=" + goodKey, "ROSTER_SMTP_URL=ftp://x", "ROSTER_TRUSTED_PROXIES=nowhere", "ROSTER_TENANCY=single",
			"ROSTER_SIGNUP=maybe", "ROSTER_PRIVACY_URL=javascript:alert(1)", "ROSTER_DATABASE_URL=host=x"},
			[]string{"ROSTER_DATABASE_URL", "ROSTER_DATABASE_URL", "ROSTER_SMTP_URL", "ROSTER_MAIL_FROM", "ROSTER_TRUSTED_PROXIES", "ROSTER_PRIVACY_URL", "ROSTER_TENANCY", "ROSTER_SIGNUP"}},
		{[]string{"ROSTER_URL=https://roster.example.com", "ROSTER_KEY=" + goodKey, "ROSTER_AUTH_DATABASE_URL=postgres://x"}, []string{"ROSTER_DATABASE_URL"}},
	} {
		_, err := Read(c.environ)
		var complaints Complaints
		if !errors.As(err, &complaints) {
			t.Errorf("%v: %v", c.environ, err)
			continue
		}
		var names []string
		for _, one := range complaints {
			name, _, _ := strings.Cut(one, ":")
			names = append(names, name)
		}
		if strings.Join(names, " ") != strings.Join(c.want, " ") {
			t.Errorf("%v complains of %v, want %v\n%v", c.environ, names, c.want, err)
		}
		if strings.Contains(err.Error(), "AAAAAAAA") || strings.Contains(err.Error(), "short\"") {
			t.Error("a complaint repeats the key")
		}
	}
}

// B234: what stands raw in a password is named, with how it is written; the password is not told. What can be read is
// taken as it is.
func TestPasswordsInAddresses(t *testing.T) {
	base := []string{"ROSTER_URL=https://roster.example.com", "ROSTER_KEY=" + goodKey, "ROSTER_MAIL_FROM=no-reply@example.com"}
	const head = "its name or password holds what means something else in an address: write "
	for password, want := range map[string]string{
		"Aq+Am/U8+Kxyz": "/ as %2F", "paqq#ssxyz": "# as %23", "p%ssxyz": "% as %25", "paxyz%": "% as %25", "12?34xyz": "? as %3F", "12/34?56#xyz/": "/ as %2F, ? as %3F, # as %23",
		"12/34@56xyz": "/ as %2F", "a bxyz": "a space or an invisible character as %20", "[axyz]": "[ as %5B, ] as %5D", `a"\<xyz`: `" as %22, \ as %5C, < as %3C`, "päxyz": "ä as %C3%A4",
		"a^b|c{d}`xyz": "^ as %5E, | as %7C, { as %7B, } as %7D, ` as %60", "3/%2Fxyz": "/ as %2F",
		"pa@ssxyz": "", "a+b:c=d;e,f!g$h&i*j(k)l~m'xyz": "", "%2F%23%25xyz": "",
	} {
		environ := append(slices.Clone(base), "ROSTER_SMTP_URL=smtp://AKIA:"+password+"@mail.example.com:587", "ROSTER_DATABASE_URL=postgres://roster_app:"+password+"@db.example/roster",
			"ROSTER_WORKER_DATABASE_URL=postgres://roster_worker:"+password+"@db.example/roster")
		_, err := Read(environ)
		if want == "" {
			if err != nil {
				t.Errorf("%s: %v", password, err)
			}
			continue
		}
		if err == nil || err.Error() != "ROSTER_DATABASE_URL: "+head+want+"\nROSTER_WORKER_DATABASE_URL: "+head+want+"\nROSTER_SMTP_URL: "+head+want || strings.Contains(err.Error(), "xyz") {
			t.Errorf("%s: %v", password, err)
		}
		if _, err := Migration([]string{"ROSTER_ADMIN_DATABASE_URL=postgres://postgres:" + password + "@db.example/roster"}); err == nil || err.Error() != "ROSTER_ADMIN_DATABASE_URL: "+head+want {
			t.Errorf("%s: %v", password, err)
		}
	}
	for address, want := range map[string]string{ // not for want of writing
		"smtp://mail.example.com/p@th": "ROSTER_SMTP_URL: it must name a host", "smtp://u:p@mail.example.com/x": "ROSTER_SMTP_URL: it must name a host",
		"smtp://mail.example.com?tls=none": "ROSTER_SMTP_URL: tls=none is only for a mail server on this machine", "smtp://mail.example.com?ca=/nowhere.pem": "ROSTER_SMTP_URL: ca=: open /nowhere.pem",
	} {
		if _, err := Read(append(slices.Clone(base), "ROSTER_SMTP_URL="+address)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// B206: the name for EHLO is that of the public address, or one that is set.
func TestHello(t *testing.T) {
	base := []string{"ROSTER_KEY=" + goodKey, "ROSTER_MAIL_FROM=no-reply@example.com", "ROSTER_SMTP_URL=smtp://mail.example.com"}
	for _, c := range []struct {
		environ []string
		wrong   string
	}{
		{[]string{"ROSTER_URL=https://roster.example.com"}, ""}, {[]string{"ROSTER_URL=https://roster"}, ""}, {[]string{"ROSTER_URL=https://[2001:db8::5]:8443"}, ""},
		{[]string{"ROSTER_URL=https://roster.example.com", "ROSTER_MAIL_HELLO=mail.example.com"}, ""},
		{[]string{"ROSTER_URL=https://roster.example.com", "ROSTER_MAIL_HELLO=vm"}, "ROSTER_MAIL_HELLO: it must be this machine's name in DNS"},
		{[]string{"ROSTER_URL=https://roster.example.com", "ROSTER_MAIL_HELLO=mail.example.com", "ROSTER_SMTP_URL="}, "ROSTER_MAIL_HELLO: it is said to a mail server"},
	} {
		if _, err := Read(append(slices.Clone(base), c.environ...)); (err != nil) != (c.wrong != "") || err != nil && !strings.HasPrefix(err.Error(), c.wrong) {
			t.Errorf("%v: %v", c.environ, err)
		}
	}
}

func TestServerOfOnesOwn(t *testing.T) {
	c, err := Read([]string{"ROSTER_URL=https://roster.example.com", "ROSTER_KEY=" + goodKey, "ROSTER_DATABASE_URL=postgres://roster_app:s%40cret@db.example/roster?sslmode=verify-full",
		"ROSTER_TRUSTED_PROXIES=10.0.0.0/8, unix, 192.0.2.7", "ROSTER_SIGNUP=invited"})
	if err != nil {
		t.Fatal(err)
	}
	if c.AuthURL != "postgres://roster_auth:s%40cret@db.example/roster?sslmode=verify-full" || !strings.Contains(c.WorkerURL, "roster_worker:s%40cret@") {
		t.Errorf("auth %s, worker %s", c.AuthURL, c.WorkerURL)
	}
	if len(c.Proxies) != 2 || !c.ProxyBySocket || c.Proxies[1].String() != "192.0.2.7/32" || c.SignupOpen || c.SMTP != nil {
		t.Errorf("%+v", c)
	}
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(goodKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err = Read([]string{"ROSTER_URL=https://roster.example.com", "ROSTER_KEY_FILE=" + file}); err != nil || len(c.Key) != keySize {
		t.Errorf("%v, %v", c.Key, err)
	}
}

// R17: a listening socket may be handed over, as systemd does it.
func TestASocketIsTakenOverFromWhoeverHandsItToThisProcess(t *testing.T) {
	us, base := strconv.Itoa(os.Getpid()), []string{"ROSTER_URL=https://roster.example.com", "ROSTER_KEY=" + goodKey}
	for _, c := range []struct {
		environ []string
		socket  uintptr
		wrong   string
	}{
		{[]string{"LISTEN_PID=" + us, "LISTEN_FDS=1"}, 3, ""},
		{nil, 0, ""},
		{[]string{"LISTEN_PID=1", "LISTEN_FDS=1"}, 0, ""},
		{[]string{"LISTEN_FDS=1"}, 0, ""},
		{[]string{"LISTEN_PID=" + us, "LISTEN_FDS=2"}, 0, "LISTEN_FDS: Roster serves one socket"},
		{[]string{"LISTEN_PID=" + us, "LISTEN_FDS=1", "ROSTER_DEV=1", "ROSTER_URL=http://localhost:8080"}, 0, "LISTEN_FDS: development mode"},
	} {
		got, err := Read(append(slices.Clone(base), c.environ...))
		if got.Socket != c.socket || (err != nil) != (c.wrong != "") || err != nil && !strings.HasPrefix(err.Error(), c.wrong) {
			t.Errorf("%v: socket %d, %v", c.environ, got.Socket, err)
		}
	}
}

// The isolation proof needs the database and nothing else: its own as two, or where the private one is.
func TestProvingNeedsTheDatabaseAlone(t *testing.T) {
	app, admin := "ROSTER_DATABASE_URL=postgres://roster_app:x@db.example/roster", "ROSTER_ADMIN_DATABASE_URL=postgres://postgres@db.example/roster"
	for _, c := range []struct {
		environ []string
		wrong   string
	}{
		{nil, ""}, {[]string{app, admin}, ""},
		{[]string{app}, "ROSTER_ADMIN_DATABASE_URL: set it"}, {[]string{admin}, "ROSTER_DATABASE_URL: set it"},
		{[]string{"ROSTER_SIGNED_CONTEXT=1"}, "ROSTER_KEY: set it"}, {[]string{"ROSTER_SIGNED_CONTEXT=maybe"}, "ROSTER_SIGNED_CONTEXT: say 1"},
	} {
		got, err := Proving(c.environ)
		if (err != nil) != (c.wrong != "") || err != nil && !strings.HasPrefix(err.Error(), c.wrong) {
			t.Errorf("%v: %v", c.environ, err)
		}
		if err == nil && (got.AppURL == "" && !filepath.IsAbs(got.Data) || got.AppURL != "" && (got.AuthURL == "" || got.WorkerURL == "" || got.AdminURL == "")) {
			t.Errorf("%v: %+v", c.environ, got)
		}
	}
}

func TestMigrationNeedsAnAdministrator(t *testing.T) {
	if _, err := Migration(nil); err == nil || !strings.Contains(err.Error(), "ROSTER_ADMIN_DATABASE_URL") {
		t.Error(err)
	}
}
