package db

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
)

// adminVariable names the database as an administrator.
const adminVariable = "ROSTER_ADMIN_DATABASE_URL"

// unreached is why there is no connection, in one sentence for whoever runs the installation.
type unreached struct {
	sentence string
	err      error
}

func (u unreached) Error() string { return u.sentence }
func (u unreached) Unwrap() error { return u.err }

// Unreached says in one sentence why no connection came of an address, with the variable that holds it and what to
// do, and never the password. Any other error stays as it is.
func Unreached(variable string, err error) error {
	if err == nil {
		return nil
	}
	var connectErr *pgconn.ConnectError
	var parseErr *pgconn.ParseConfigError
	switch {
	case errors.As(err, &parseErr):
		reason := ""
		if file := new(fs.PathError); errors.As(err, &file) { // a certificate's
			reason = ": " + file.Error()
		}
		return unreached{fmt.Sprintf("%s cannot be read%s: write it as postgres://role:password@host/database, with %%40 for @ and so on in the password", variable, reason), nil}
	case !errors.As(err, &connectErr):
		return err
	}
	return unreached{whyUnreached(connectErr.Config, variable, err), err}
}

func whyUnreached(config *pgconn.Config, variable string, err error) string {
	where := "PostgreSQL " + places(config)
	if pgErr := new(pgconn.PgError); errors.As(err, &pgErr) {
		switch pgErr.Code {
		case "28P01":
			return fmt.Sprintf("%s refuses the password of %s (%s)", where, config.User, variable)
		case "28000":
			if strings.HasSuffix(pgErr.Message, "does not exist") {
				return fmt.Sprintf("%s has no role %s (%s): run roster migrate, or name the role of this installation", where, config.User, variable)
			}
			if strings.Contains(pgErr.Message, "no encryption") && !strings.HasPrefix(config.Host, "/") {
				return fmt.Sprintf("%s wants an encrypted connection, or does not let this machine in: add sslmode=require to %s, or an entry to pg_hba.conf (%s)", where, variable, pgErr.Message)
			}
			return fmt.Sprintf("%s does not let %s in (%s): %s", where, config.User, variable, pgErr.Message)
		case "3D000":
			return fmt.Sprintf("%s has no database %q (%s): make it with %s", where, config.Database, variable, createDatabase(config.Database))
		case "53300":
			return fmt.Sprintf("%s has no connection free for %s (%s): raise max_connections, or end what holds them", where, config.User, variable)
		case "57P03":
			return fmt.Sprintf("%s is starting or stopping (%s): try again in a moment", where, variable)
		case "42501", "22023":
			if role := config.RuntimeParams["role"]; role != "" && strings.Contains(pgErr.Message, role) {
				return fmt.Sprintf("%s may not become %s (%s): run roster migrate as the administrator that made the roles", config.User, role, variable)
			}
			if pgErr.Code == "42501" {
				return fmt.Sprintf("%s does not let %s into database %q (%s): run roster migrate, or name the role of this installation", where, config.User, config.Database, variable)
			}
		}
		return fmt.Sprintf("%s refuses a connection as %s (%s): %s (SQLSTATE %s)", where, config.User, variable, pgErr.Message, pgErr.Code)
	}
	unknown, hostErr, invalid := x509.UnknownAuthorityError{}, x509.HostnameError{}, x509.CertificateInvalidError{}
	switch {
	case errors.As(err, &unknown), errors.As(err, &hostErr), errors.As(err, &invalid):
		return fmt.Sprintf("%s shows a certificate that is not trusted (%s): name its authority with sslrootcert, or look at its names and dates", where, variable)
	case strings.Contains(err.Error(), "server refused TLS connection"):
		return fmt.Sprintf("%s offers no encryption, and %s asks for it: take sslmode out, or set the server up for TLS", where, variable)
	}
	return fmt.Sprintf("cannot reach %s (%s): %s", where, variable, networkReason(err))
}

// places are the hosts of an address.
func places(config *pgconn.Config) string {
	var all []string
	add := func(host string, port uint16) {
		place := "at " + net.JoinHostPort(host, strconv.Itoa(int(port)))
		if strings.HasPrefix(host, "/") {
			place = "at the socket in " + host
		}
		if !slices.Contains(all, place) {
			all = append(all, place)
		}
	}
	add(config.Host, config.Port)
	for _, one := range config.Fallbacks {
		add(one.Host, one.Port)
	}
	return strings.Join(all, " or ")
}

func networkReason(err error) string {
	var dns *net.DNSError
	var netErr net.Error
	var errno syscall.Errno
	switch {
	case errors.As(err, &dns):
		return dns.Err
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		return "no answer in time"
	case errors.As(err, &errno):
		return errno.Error()
	}
	return "the connection breaks off"
}

// createDatabase is the statement that makes a right one.
func createDatabase(name string) string {
	return "CREATE DATABASE " + name + " ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0"
}
