// Package config reads the environment, once, and says everything that is wrong with it at once. Nothing
// else in Roster but the commands looks at the environment.
package config

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/caarlos0/env/v11"

	"roster/db"
	"roster/internal/mail"
)

// Config is what an installation was told.
type Config struct {
	Dev     bool
	Listen  string
	Socket  uintptr // the descriptor of a listening socket that was handed over, instead of Listen; 0: none
	URL     *url.URL
	Data    string // absolute
	PGBin   string
	Proxies []netip.Prefix // whose forwarding headers are believed

	ProxyBySocket bool // and those of whoever comes by a unix socket

	Roles db.Roles // what the database roles are called

	AppURL, AuthURL, WorkerURL string // empty: the private server
	AdminURL                   string

	SMTP *mail.SMTP // nil: no mail server
	From string
	Key  []byte // 32 bytes; nil where a command needs none

	SignedContext bool // the database believes signed contexts alone

	Operator, PrivacyURL, HelpURL string
	SignupOpen                    bool
}

// environment is every setting, one line each. What its name says here is all that a setting needs: it is known, it is in
// the help of the commands, and the README has to name it.
type environment struct {
	Dev           bool   `env:"ROSTER_DEV" means:"1: for trying Roster out on one's own machine"`
	Listen        string `env:"ROSTER_LISTEN" envDefault:"127.0.0.1:8080" means:"address to serve on"`
	URL           string `env:"ROSTER_URL" means:"public address, https://…"`
	Database      string `env:"ROSTER_DATABASE_URL" means:"PostgreSQL of your own, as role roster_app; unset: a private one"`
	AuthDatabase  string `env:"ROSTER_AUTH_DATABASE_URL" means:"the same as roster_auth, where it is not the same password"`
	WorkDatabase  string `env:"ROSTER_WORKER_DATABASE_URL" means:"the same as roster_worker"`
	AdminDatabase string `env:"ROSTER_ADMIN_DATABASE_URL" means:"the database as an administrator"`
	Roles         string `env:"ROSTER_DATABASE_ROLES" envDefault:"roster" means:"what the names of the database roles begin with"`
	Data          string `env:"ROSTER_DATA" envDefault:"./var" means:"folder of the private PostgreSQL"`
	PGBin         string `env:"ROSTER_PG_BIN" means:"folder of PostgreSQL's programs, if they are not to be looked for"`
	SMTP          string `env:"ROSTER_SMTP_URL" means:"mail server, smtp://user:password@host:587; unset: links are copied by hand"`
	From          string `env:"ROSTER_MAIL_FROM" means:"sender of letters"`
	Hello         string `env:"ROSTER_MAIL_HELLO" means:"name to greet the mail server with; unset: the host of ROSTER_URL"`
	Key           string `env:"ROSTER_KEY" means:"key of the installation: openssl rand -base64 32"`
	KeyFile       string `env:"ROSTER_KEY_FILE" means:"file with that key"`
	Signed        bool   `env:"ROSTER_SIGNED_CONTEXT" means:"1: the database asks for a signature to enter an organization"`
	Proxies       string `env:"ROSTER_TRUSTED_PROXIES" means:"addresses or networks whose X-Forwarded-For is believed"`
	Operator      string `env:"ROSTER_OPERATOR" means:"who runs this installation, shown to people"`
	Privacy       string `env:"ROSTER_PRIVACY_URL" means:"link to the privacy notice"`
	Help          string `env:"ROSTER_HELP_URL" means:"link to help"`
	Tenancy       string `env:"ROSTER_TENANCY" envDefault:"shared" means:"shared: no other is known yet"`
	SocketsOf     string `env:"LISTEN_PID"` // how systemd hands sockets over: to whom, and how many
	Sockets       string `env:"LISTEN_FDS"`
	Signup        string `env:"ROSTER_SIGNUP" envDefault:"open" means:"open, or invited: by invitation alone"`
}

// Complaints are all that is wrong, each naming its variable.
type Complaints []string

// Error lists the complaints, one a line.
func (c Complaints) Error() string { return strings.Join(c, "\n") }

func (c *Complaints) add(format string, args ...any) { *c = append(*c, fmt.Sprintf(format, args...)) }

// parse reads the table, and says what is not of its kind, or not in it at all. Every command needs the roles' names.
func parse(environ []string) (e environment, roles db.Roles, wrong Complaints) {
	given := trimmed(environ)
	wrong = unknown(given)
	wrong = append(wrong, quoted(given)...)
	err := env.ParseWithOptions(&e, env.Options{Environment: given})
	var all env.AggregateError
	switch {
	case errors.As(err, &all):
		for _, one := range all.Errors {
			wrong.add("%s", complaint(one))
		}
	case err != nil:
		wrong.add("%s", err)
	}
	if roles, err = db.ParseRoles(e.Roles); err != nil {
		wrong.add("ROSTER_DATABASE_ROLES: %v, not %q", err, e.Roles)
	}
	return e, roles, wrong
}

// Read takes the environment as a list of NAME=value, as os.Environ gives it.
func Read(environ []string) (Config, error) {
	e, roles, wrong := parse(environ)
	c := Config{Roles: roles, Dev: e.Dev, Listen: e.Listen, PGBin: e.PGBin, AdminURL: e.AdminDatabase, Operator: e.Operator, SignupOpen: e.Signup != "invited",
		SignedContext: e.Signed}

	host, port, err := net.SplitHostPort(e.Listen)
	if err != nil || !isPort(port) {
		wrong.add("ROSTER_LISTEN: %q is no address like 127.0.0.1:8080, with a port from 1 to 65535", e.Listen)
	} else if e.Dev && !loopback(host) {
		wrong.add("ROSTER_LISTEN: development mode serves this machine alone; %q reaches further. Unset ROSTER_DEV", e.Listen)
	}
	c.Socket = socket(&wrong, e)
	switch {
	case e.URL != "":
		c.URL = publicAddress(&wrong, e.URL)
		if c.URL != nil && e.Dev && !loopback(c.URL.Hostname()) {
			wrong.add("ROSTER_URL: development mode is for this machine alone; %q is another. Unset ROSTER_DEV", e.URL)
		}
	case e.Dev:
		c.URL = &url.URL{Scheme: "http", Host: "localhost:" + port}
	default:
		wrong.add("ROSTER_URL: set it to the address that people open, like https://roster.example.com")
	}

	if c.Data, err = filepath.Abs(e.Data); err != nil {
		wrong.add("ROSTER_DATA: %v", err)
	}
	c.AppURL, c.AuthURL, c.WorkerURL = e.Database, e.AuthDatabase, e.WorkDatabase
	databaseAddresses(&wrong, e)
	if e.Database != "" {
		c.AuthURL = otherRole(&wrong, roles, e.Database, e.AuthDatabase, roles.Auth())
		c.WorkerURL = otherRole(&wrong, roles, e.Database, e.WorkDatabase, roles.Worker())
	} else if e.AuthDatabase != "" || e.WorkDatabase != "" {
		wrong.add("ROSTER_DATABASE_URL: set it too where ROSTER_AUTH_DATABASE_URL or ROSTER_WORKER_DATABASE_URL is set")
	}

	if e.SMTP != "" {
		c.SMTP = mailServer(&wrong, e, c.URL)
	}
	if e.Hello != "" && e.SMTP == "" {
		wrong.add("ROSTER_MAIL_HELLO: it is said to a mail server: set ROSTER_SMTP_URL too")
	}
	c.From = e.From
	switch {
	case e.From == "" && e.SMTP != "":
		wrong.add("ROSTER_MAIL_FROM: set it to the address that letters come from")
	case e.SMTP == "" && e.From != "" && !e.Dev:
		wrong.add("ROSTER_SMTP_URL: set it too where ROSTER_MAIL_FROM is set, or no letter leaves")
	case e.From == "" && c.URL != nil:
		c.From = "Roster <no-reply@" + mailHost(c.URL.Hostname()) + ">"
	case e.From != "":
		if err := mail.CheckFrom(e.From); err != nil {
			wrong.add("ROSTER_MAIL_FROM: %v", err)
		}
	}
	c.Key = readKey(&wrong, e)
	for _, one := range strings.FieldsFunc(e.Proxies, func(r rune) bool { return r == ',' || r == ' ' }) {
		prefix, err := netip.ParsePrefix(one)
		if err != nil {
			if one == "unix" { // a socket has no address
				c.ProxyBySocket = true
				continue
			}
			addr, addrErr := netip.ParseAddr(one)
			if addrErr != nil {
				wrong.add("ROSTER_TRUSTED_PROXIES: %q is neither an address, nor a network like 10.0.0.0/8, nor \"unix\"", one)
				continue
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		if at := prefix.Addr(); at.Is4In6() && prefix.Bits() >= 96 { // the same in IPv4, as clients' addresses are compared
			prefix = netip.PrefixFrom(at.Unmap(), prefix.Bits()-96)
		}
		c.Proxies = append(c.Proxies, prefix)
	}
	if !isLine(e.Operator) {
		wrong.add("ROSTER_OPERATOR: write one line of at most %d characters", longestLine)
	}
	c.PrivacyURL = link(&wrong, "ROSTER_PRIVACY_URL", e.Privacy)
	c.HelpURL = link(&wrong, "ROSTER_HELP_URL", e.Help)
	if e.Tenancy != "shared" {
		wrong.add("ROSTER_TENANCY: this version knows \"shared\" alone, not %q", e.Tenancy)
	}
	if e.Signup != "open" && e.Signup != "invited" {
		wrong.add("ROSTER_SIGNUP: say \"open\" or \"invited\", not %q", e.Signup)
	}
	if len(wrong) > 0 {
		return c, wrong
	}
	return c, nil
}

// Place is what a command needs to know first that works on an installation which is there: the folder of the private
// server, or "" where the database is one's own. It makes nothing, not even a key. With byAdmin the administrator's address
// is enough.
func Place(environ []string, byAdmin bool) (string, error) {
	e, _, wrong := parse(environ)
	if (e.Database != "" || byAdmin && e.AdminDatabase != "") && len(wrong) == 0 {
		return "", nil
	}
	if e.Database == "" && e.AdminDatabase != "" && !byAdmin {
		wrong.add("ROSTER_DATABASE_URL: set it to the database as roster_app, like postgres://roster_app:password@host/roster")
	}
	data, err := filepath.Abs(e.Data)
	if err != nil {
		wrong.add("ROSTER_DATA: %v", err)
	}
	if len(wrong) > 0 {
		return "", wrong
	}
	return data, nil
}

// Migration reads what `roster migrate` needs: the database's addresses, and the key where contexts are signed.
func Migration(environ []string) (Config, error) {
	e, roles, wrong := parse(environ)
	c := Config{Roles: roles, AdminURL: e.AdminDatabase, AppURL: e.Database, SignedContext: e.Signed}
	databaseAddresses(&wrong, e)
	if c.AdminURL == "" {
		wrong.add("ROSTER_ADMIN_DATABASE_URL: set it to the database as an administrator, like postgres://postgres:password@host/roster")
	}
	if c.AppURL != "" {
		c.AuthURL = otherRole(&wrong, roles, c.AppURL, e.AuthDatabase, roles.Auth())
		c.WorkerURL = otherRole(&wrong, roles, c.AppURL, e.WorkDatabase, roles.Worker())
	}
	if e.Signed {
		c.Key = readKey(&wrong, e)
	}
	if len(wrong) > 0 {
		return c, wrong
	}
	return c, nil
}

// Seeding reads what `roster seed` needs: where the database is, as an administrator if it is one's own.
func Seeding(environ []string) (Config, error) {
	if e, roles, wrong := parse(environ); e.AdminDatabase != "" {
		if len(wrong) > 0 {
			return Config{}, wrong
		}
		return Config{AdminURL: e.AdminDatabase, Roles: roles}, nil
	}
	c, err := Read(environ)
	if err == nil && c.AppURL != "" {
		return c, Complaints{"ROSTER_ADMIN_DATABASE_URL: set it to the database as an administrator, like postgres://postgres:password@host/roster"}
	}
	return c, err
}

// Proving reads what `roster prove` needs: where the database is, as each role and as an administrator if it is
// one's own, and the key where contexts are signed.
func Proving(environ []string) (Config, error) {
	e, roles, wrong := parse(environ)
	switch {
	case e.Database != "":
		return Migration(environ)
	case e.AdminDatabase != "":
		return Config{}, Complaints{roles.In("ROSTER_DATABASE_URL: set it to the database as roster_app, like postgres://roster_app:password@host/roster")}
	}
	c := Config{Roles: roles, Dev: e.Dev, PGBin: e.PGBin, SignedContext: e.Signed}
	var err error
	if c.Data, err = filepath.Abs(e.Data); err != nil {
		wrong.add("ROSTER_DATA: %v", err)
	}
	if e.Signed {
		c.Key = readKey(&wrong, e)
	}
	if len(wrong) > 0 {
		return c, wrong
	}
	return c, nil
}

func complaint(err error) string {
	var parse env.ParseError
	if !errors.As(err, &parse) {
		return err.Error()
	}
	switch parse.Name {
	case "Dev":
		return "ROSTER_DEV: say 1, or leave it unset"
	case "Signed":
		return "ROSTER_SIGNED_CONTEXT: say 1, or leave it unset"
	}
	return err.Error()
}

// firstSocket is the descriptor of the first socket that systemd hands over.
const firstSocket = 3

// socket is the listening socket that was handed over to this process, if there is one.
func socket(wrong *Complaints, e environment) uintptr {
	switch {
	case e.Sockets == "" || e.SocketsOf != strconv.Itoa(os.Getpid()): // of another process
		return 0
	case e.Sockets != "1":
		wrong.add("LISTEN_FDS: Roster serves one socket, not %q", e.Sockets)
		return 0
	case e.Dev:
		wrong.add("LISTEN_FDS: development mode opens a socket of its own. Unset ROSTER_DEV")
		return 0
	}
	return firstSocket
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

func publicAddress(wrong *Complaints, s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" ||
		u.Hostname() == "" || strings.Trim(strings.ToLower(u.Host), hostCharacters) != "" || strings.HasSuffix(u.Host, ":") || u.Port() != "" && !isPort(u.Port()) {
		wrong.add("ROSTER_URL: %q is no address like https://roster.example.com, without a path", s)
		return nil
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		wrong.add("ROSTER_URL: %q would send passwords in the clear; use https", s)
		return nil
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}
}

// hostCharacters are all that a Host header of a browser is made of: names in other scripts come as xn--….
const hostCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-_.:[]"

// mailServer is where letters go, and how this installation introduces itself there.
func mailServer(wrong *Complaints, e environment, public *url.URL) *mail.SMTP {
	server, err := mail.NewSMTP(e.SMTP)
	if fault := unwritten(e.SMTP); err != nil && fault != "" {
		wrong.add("ROSTER_SMTP_URL: %s", fault)
		return nil
	}
	if err != nil {
		wrong.add("ROSTER_SMTP_URL: %v", err)
		return nil
	}
	hello := e.Hello
	if hello == "" && public != nil {
		hello = mail.HelloFrom(public.Hostname())
	}
	if hello == "" {
		return server
	}
	if err := server.Introduce(hello); err != nil {
		wrong.add("ROSTER_MAIL_HELLO: %v", err)
	}
	return server
}

// unwritten names what stands in the name or the password of an address as it is and has to be written otherwise there,
// and how; "" if there is nothing. The password itself is not told.
func unwritten(address string) string {
	_, rest, found := strings.Cut(address, "://")
	end := strings.LastIndexByte(rest, '@')
	if !found || end < 0 || !strings.Contains(rest[:end], ":") {
		return ""
	}
	var faults []string
	user := rest[:end]
	for i, r := range user {
		fine := r < utf8.RuneSelf && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-._~!$&'()*+,;=:@", r))
		if r == '%' {
			fine = len(user) > i+2 && isHex(user[i+1]) && isHex(user[i+2])
		}
		if fine {
			continue
		}
		shown := string(r)
		if !unicode.IsGraphic(r) || r == ' ' {
			shown = "a space or an invisible character"
		}
		if fault := shown + " as " + percent(string(r)); !slices.Contains(faults, fault) {
			faults = append(faults, fault)
		}
	}
	if len(faults) == 0 {
		return ""
	}
	return "its name or password holds what means something else in an address: write " + strings.Join(faults, ", ")
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// percent writes each byte as addresses do.
func percent(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "%%%02X", s[i])
	}
	return b.String()
}

// databaseAddresses complains about those that cannot be read because of their password.
func databaseAddresses(wrong *Complaints, e environment) {
	for _, one := range []struct{ name, address string }{{"ROSTER_DATABASE_URL", e.Database}, {"ROSTER_AUTH_DATABASE_URL", e.AuthDatabase},
		{"ROSTER_WORKER_DATABASE_URL", e.WorkDatabase}, {"ROSTER_ADMIN_DATABASE_URL", e.AdminDatabase}} {
		if fault := misread(one.address); fault != "" {
			wrong.add("%s: %s", one.name, fault)
		}
	}
}

// misread is what is unwritten in an address that cannot be read, or is read as one without a name.
func misread(address string) string {
	if u, err := url.Parse(address); err == nil && u.User != nil {
		return ""
	}
	return unwritten(address)
}

// otherRole is the same database for another role, unless it was given.
func otherRole(wrong *Complaints, roles db.Roles, app, given, role string) string {
	if given != "" {
		return given
	}
	if misread(app) != "" {
		return "" // which was said
	}
	u, err := url.Parse(app)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		wrong.add("ROSTER_DATABASE_URL: write it as postgres://%s:password@host/database", roles.App())
		return ""
	}
	if password, set := u.User.Password(); set {
		u.User = url.UserPassword(role, password)
	} else {
		u.User = url.User(role)
	}
	return u.String()
}

// mailHost is a domain for the sender's address where none was given.
func mailHost(host string) string {
	if loopback(host) || mail.CheckFrom("no-reply@"+host) != nil { // a name of this network, or a bare address
		return "roster.localhost"
	}
	return host
}

func link(wrong *Complaints, name, s string) string {
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	switch {
	case err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "":
	case err == nil && u.Scheme == "mailto" && strings.Contains(u.Opaque, "@"):
	default:
		wrong.add("%s: %q is no address like https://example.com/help or mailto:help@example.com", name, s)
	}
	return s
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}

// longestLine is how long a text may be that pages and letters show in their foot.
const longestLine = 200

func isLine(s string) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= longestLine && !strings.ContainsFunc(s, unicode.IsControl)
}

const keySize = 32

// readKey takes the key from the environment or its file. In development mode one is made, once, under
// the data directory; anywhere else a missing or a sample key is refused.
func readKey(wrong *Complaints, e environment) []byte {
	text, name := e.Key, "ROSTER_KEY"
	if text != "" && e.KeyFile != "" {
		wrong.add("ROSTER_KEY_FILE: unset it, or ROSTER_KEY: only one of them can be the key")
		return nil
	}
	if text == "" && e.KeyFile != "" {
		raw, err := os.ReadFile(e.KeyFile)
		if err != nil {
			wrong.add("ROSTER_KEY_FILE: %v", err)
			return nil
		}
		text, name = strings.TrimSpace(string(raw)), "ROSTER_KEY_FILE"
	}
	if text == "" {
		if e.Dev {
			return developmentKey(wrong, filepath.Join(e.Data, "key"))
		}
		wrong.add("ROSTER_KEY: set it to 32 random bytes in base64, as from: openssl rand -base64 32")
		return nil
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != keySize {
		wrong.add("%s: it must be 32 bytes in base64, as from: openssl rand -base64 32", name)
		return nil
	}
	different := map[byte]bool{}
	for _, b := range key {
		different[b] = true
	}
	if len(different) < 12 { // 32 random bytes have fewer once in more than 10^20 keys
		wrong.add("%s: this key is a sample, not random bytes", name)
		return nil
	}
	return key
}

func developmentKey(wrong *Complaints, file string) []byte {
	if key, err := os.ReadFile(file); err == nil && len(key) == keySize {
		return key
	}
	key := make([]byte, keySize)
	rand.Read(key)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		wrong.add("ROSTER_DATA: %v", err)
		return nil
	}
	if err := os.WriteFile(file, key, 0o600); err != nil {
		wrong.add("ROSTER_DATA: %v", err)
		return nil
	}
	return key
}
