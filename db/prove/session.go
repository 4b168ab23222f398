package prove

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// The roles that Roster connects as, and the one that owns the tables, by their usual names. The report has those
// of the installation.
const (
	appRole    = "roster_app"
	workerRole = "roster_worker"
	authRole   = "roster_auth"
	ownerRole  = "roster_owner"
)

// session is a connection as one of Roster's roles, past all of Roster's code.
type session struct {
	role   string
	conn   *pgconn.PgConn
	config *pgconn.Config
	digest string // the query by which this role sees canary B, from inside canary B
	before string // and its answer before any attack
}

func openSession(ctx context.Context, role, address string) (*session, error) {
	config, err := pgconn.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("read the address for %s: %w", role, err)
	}
	// The limits that the program gives its own connections.
	config.RuntimeParams["statement_timeout"], config.RuntimeParams["lock_timeout"] = "5s", "2s"
	config.RuntimeParams["search_path"], config.RuntimeParams["timezone"] = "pg_catalog", "UTC"
	s := &session{role: role, config: config}
	return s, s.connect(ctx)
}

func (s *session) connect(ctx context.Context) error {
	conn, err := pgconn.ConnectConfig(ctx, s.config)
	if err != nil {
		return fmt.Errorf("connect as %s: %w", s.role, err)
	}
	s.conn = conn
	return nil
}

func (s *session) close() {
	if s != nil && s.conn != nil {
		ctx, cancel := context.WithTimeout(context.Background(), cleaningTime)
		defer cancel()
		_ = s.conn.Close(ctx) // nothing is left to do about it
	}
}

// scope is what a transaction has entered when it attacks.
type scope struct {
	name     string
	settings []setting
	entered  bool // an organization of its own, whose rows it may see
	bare     bool // on a connection on which nothing was ever set
	invalid  bool // the setting may be refused as malformed
}

type setting struct{ name, value string }

// inside is the scope of a transaction that entered an organization, which is done here and nowhere else.
func (p *proof) inside(w world) scope {
	return scope{name: "in " + w.name, settings: []setting{{"roster.org_id", p.enter(w.org)}}, entered: true}
}

// outside has entered nothing.
func outside() scope {
	return scope{name: "nothing entered", settings: []setting{{"roster.org_id", ""}}}
}

// statement is what an attack runs. Arguments travel as text and the server reads them.
type statement struct {
	sql   string
	args  []value
	types []uint32
	copy  string      // "to", or "from" with the rows in data
	first []statement // what must go before
	data  string
}

// passed are all arguments.
func (st statement) passed() []value {
	all := slices.Clone(st.args)
	for _, one := range st.first {
		all = append(all, one.args...)
	}
	return all
}

// value is an argument or a column's value as text; nil is NULL.
type value = *string

func text(s string) value { return &s }

// outcome is what came back.
type outcome struct {
	rows  [][]value
	tag   pgconn.CommandTag
	err   *pgconn.PgError // the server refused
	fault error           // there was no answer
}

// transaction is one that is rolled back in the end.
type transaction struct {
	s   *session
	ctx context.Context
}

// within runs fn in a transaction in a scope, and rolls back.
func (s *session) within(ctx context.Context, c scope, fn func(*transaction) outcome) (o outcome) {
	if s.conn.IsClosed() {
		if err := s.connect(ctx); err != nil {
			return outcome{fault: err}
		}
	}
	t := &transaction{s, ctx}
	if err := t.begin(c.settings); err != nil {
		s.close() // whatever it is in
		return outcome{fault: fmt.Errorf("enter: %w", err)}
	}
	defer func() {
		if end := t.run(statement{sql: "ROLLBACK"}); end.failed() {
			s.close() // a transaction that cannot be rolled back ends with its connection
			if o.fault == nil {
				o.fault = fmt.Errorf("roll back: %w", end.error())
			}
		}
	}()
	return fn(t)
}

// begin begins and enters, in one round trip.
func (t *transaction) begin(settings []setting) error {
	batch := &pgconn.Batch{}
	batch.ExecParams("BEGIN", nil, nil, nil, nil)
	for _, one := range settings {
		batch.ExecParams(setSQL, [][]byte{[]byte(one.name), []byte(one.value)}, nil, nil, nil)
	}
	return t.s.conn.ExecBatch(t.ctx, batch).Close()
}

// setSQL sets what lives until the end of the transaction.
const setSQL = `SELECT set_config($1, $2, true)`

// enter steps into a scope in the midst of a transaction.
func (t *transaction) enter(c scope) (o outcome) {
	for _, one := range c.settings {
		if o = t.run(statement{sql: setSQL, args: []value{text(one.name), text(one.value)}}); o.failed() {
			return o
		}
	}
	return o
}

// run runs one statement.
func (t *transaction) run(st statement) (o outcome) {
	for _, one := range st.first {
		if o := t.run(one); o.failed() {
			return outcome{fault: fmt.Errorf("prepare the attack: %w", o.error())}
		}
	}
	var err error
	switch st.copy {
	case "to":
		var out bytes.Buffer
		o.tag, err = t.s.conn.CopyTo(t.ctx, &out, st.sql)
		for line := range strings.Lines(out.String()) {
			o.rows = append(o.rows, []value{text(strings.TrimSuffix(line, "\n"))})
		}
	case "from":
		o.tag, err = t.s.conn.CopyFrom(t.ctx, strings.NewReader(st.data), st.sql)
	default:
		args := make([][]byte, len(st.args))
		for i, a := range st.args {
			if a != nil {
				args[i] = []byte(*a)
			}
		}
		result := t.s.conn.ExecParams(t.ctx, st.sql, args, st.types, nil, nil).Read()
		o.tag, err = result.CommandTag, result.Err
		for _, row := range result.Rows {
			o.rows = append(o.rows, values(row))
		}
	}
	if err != nil && (!errors.As(err, &o.err) || unanswered(o.err.Code)) {
		o.err, o.fault = nil, err
	}
	return o
}

// unanswered tells whether an SQLSTATE says nothing about isolation: the server gave up for lack of time, of
// room or of a lock, or because it was told to.
func unanswered(state string) bool {
	return state == "55P03" || slices.Contains([]string{"08", "40", "53", "57", "58"}, state[:2])
}

func values(row [][]byte) []value {
	out := make([]value, len(row))
	for i, raw := range row {
		if raw != nil {
			out[i] = text(string(raw))
		}
	}
	return out
}

// aside runs fn and undoes it, so that the next begins where it began.
func (t *transaction) aside(fn func() outcome) outcome {
	if o := t.run(statement{sql: "SAVEPOINT aside"}); o.failed() {
		return o
	}
	o := fn()
	if back := t.run(statement{sql: "ROLLBACK TO SAVEPOINT aside"}); back.failed() {
		o.fault = fmt.Errorf("roll back: %w", back.error())
	}
	return o
}

// victim is the digest of canary B as this transaction sees it from inside canary B: also what the
// transaction has changed but not committed.
func (p *proof) victim(t *transaction) (string, error) {
	if o := t.enter(p.inside(p.b)); o.failed() {
		return "", o.error()
	}
	o := t.run(statement{sql: t.s.digest})
	if o.failed() {
		return "", o.error()
	}
	return o.String(), nil
}

// changed tells whether the transaction has changed canary B.
func (p *proof) changed(t *transaction) (bool, error) {
	now, err := p.victim(t)
	return now != t.s.before, err
}

func (o outcome) failed() bool { return o.err != nil || o.fault != nil }

func (o outcome) error() error {
	switch {
	case o.fault != nil:
		return o.fault
	case o.err != nil:
		return o.err
	}
	return nil
}

// result is the outcome in a word: the SQLSTATE, or how many rows.
func (o outcome) result() string {
	switch {
	case o.fault != nil:
		return "no answer"
	case o.err != nil:
		return o.err.Code
	case len(o.rows) > 0 || o.tag.Select():
		return rowCount(int64(len(o.rows)))
	case strings.HasPrefix(o.tag.String(), "TRUNCATE"):
		return "done"
	}
	return rowCount(o.tag.RowsAffected())
}

func rowCount(n int64) string {
	if n == 1 {
		return "1 row"
	}
	return fmt.Sprintf("%d rows", n)
}

// String is all that came back, as one text.
func (o outcome) String() string {
	var b strings.Builder
	for _, row := range o.rows {
		for _, v := range row {
			if v == nil {
				b.WriteString("NULL")
			} else {
				b.WriteString(*v)
			}
			b.WriteByte('\t')
		}
		b.WriteByte('\n')
	}
	if o.err != nil {
		fmt.Fprintf(&b, "%s %s: %s (%s)\n", o.err.Code, o.err.ConstraintName, o.err.Message, o.err.Detail)
	} else {
		b.WriteString(o.tag.String())
	}
	return b.String()
}

// leak is the first thing of a world that came back without having been passed in, or "".
func (o outcome) leak(w world, passed []value) string {
	for _, row := range o.rows {
		for _, v := range row {
			if v == nil {
				continue
			}
			rest := *v
			for _, one := range passed {
				if one != nil && w.marks(*one) {
					for _, part := range elements(*one) {
						rest = strings.ReplaceAll(rest, part, "")
					}
				}
			}
			if w.marks(rest) {
				return *v
			}
		}
	}
	return ""
}

// elements are the members of an array's text, or the text itself.
func elements(s string) []string {
	if !strings.HasPrefix(s, "{") || !strings.HasSuffix(s, "}") {
		return []string{s}
	}
	parts := strings.FieldsFunc(s[1:len(s)-1], func(r rune) bool { return r == ',' || r == '"' })
	return slices.DeleteFunc(parts, func(part string) bool { return strings.Trim(part, `\ `) == "" })
}
