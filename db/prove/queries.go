package prove

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"roster/db"
)

// query is one that sqlc generated.
type query struct {
	pkg, name string // rosterdb or authdb, and the method
	sql       string
	params    []string // the names of its arguments in order, like org_id
	command   string   // one, many or exec
}

func (q query) String() string { return q.pkg + "." + q.name }

// door tells whether it calls a function that sees more than one organization by its arguments. Searching is
// bound to the organization that is entered, and tried like the others.
func (q query) door() bool {
	return strings.Contains(strings.ReplaceAll(q.sql, "door.search_members", ""), "door.")
}

// generated reads all queries in the source that sqlc wrote.
func generated() ([]query, error) {
	var queries []query
	files, err := fs.Glob(db.Generated, "*/*.sql.go")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		source, err := db.Generated.ReadFile(file)
		if err != nil {
			return nil, err
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, source, parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("read the generated queries: %w", err)
		}
		found, err := queriesOf(tree)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		queries = append(queries, found...)
	}
	return queries, nil
}

// queriesOf finds the SQL in a file's constants, and in its methods the arguments that go with it.
func queriesOf(tree *ast.File) (queries []query, err error) {
	texts := map[string]string{}
	for _, declaration := range tree.Decls {
		constant, ok := declaration.(*ast.GenDecl)
		if !ok || constant.Tok != token.CONST {
			continue
		}
		for _, spec := range constant.Specs {
			one := spec.(*ast.ValueSpec)
			if texts[one.Names[0].Name], err = strconv.Unquote(one.Values[0].(*ast.BasicLit).Value); err != nil {
				return nil, err
			}
		}
	}
	used := 0
	for _, declaration := range tree.Decls {
		method, ok := declaration.(*ast.FuncDecl)
		if !ok {
			continue
		}
		ast.Inspect(method, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 2 {
				return true
			}
			name, ok := call.Args[1].(*ast.Ident)
			if !ok || texts[name.Name] == "" {
				return true
			}
			q := query{pkg: tree.Name.Name, name: method.Name.Name, sql: texts[name.Name]}
			_, q.command, _ = strings.Cut(firstLine(q.sql), " :")
			for _, argument := range call.Args[2:] {
				q.params = append(q.params, parameterName(argument))
			}
			queries, used = append(queries, q), used+1
			return false
		})
	}
	if used != len(texts) {
		return nil, fmt.Errorf("%d queries are written and %d are called", len(texts), used)
	}
	return queries, nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// parameterName is org_id for orgID and arg.OrgID.
func parameterName(e ast.Expr) string {
	name := ""
	switch e := e.(type) {
	case *ast.Ident:
		name = e.Name
	case *ast.SelectorExpr:
		name = e.Sel.Name
	}
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// queryFamily runs every generated query in canary A with canary B's values. It must answer exactly as it
// does with values of an organization that does not exist.
func queryFamily(ctx context.Context, p *proof) error {
	queries, err := generated()
	if err != nil {
		return err
	}
	for _, q := range queries {
		switch {
		case !p.wants(q.String()):
		case q.pkg == "authdb":
			p.planAuth(ctx, q)
		case q.door():
			p.knock(ctx, q)
		default:
			p.sweepQuery(ctx, q)
		}
	}
	return nil
}

// arguments are the values of a query's parameters in a world; org_id may be another world's.
func (q query) arguments(w, org world) ([]value, error) {
	var args []value
	for _, name := range q.params {
		make, ok := exactValues[q.name+"."+name]
		if !ok {
			make, ok = anyValues[name]
		}
		if !ok {
			return nil, fmt.Errorf("no value for the parameter %s: say in values.go what canary B has there", name)
		}
		if name == "org_id" {
			args = append(args, text(org.org.String()))
		} else {
			args = append(args, make(w))
		}
	}
	return args, nil
}

// prepare is the query as a statement, with the types that the server gives its parameters.
func (s *session) prepare(ctx context.Context, q query, args []value) (statement, error) {
	described, err := s.conn.Prepare(ctx, "", q.sql, nil)
	if err != nil {
		return statement{}, err
	}
	return statement{sql: q.sql, args: args, types: described.ParamOIDs}, nil
}

// sweepQuery tries a query with canary B's organization, and with canary A's and everything else of B.
func (p *proof) sweepQuery(ctx context.Context, q query) {
	for _, s := range []*session{p.app, p.worker} {
		for _, variant := range []struct {
			name     string
			in       scope
			org, not world // the organization that is passed, and its counterpart in nowhere
		}{
			{"everything of B", p.inside(p.a), p.b, p.none},
			{"own organization, everything else of B", p.inside(p.a), p.a, p.a},
			{"everything of B", outside(), p.b, p.none},
		} {
			if variant.name != "everything of B" && !slices.Contains(q.params, "org_id") {
				continue
			}
			foreign, err := q.arguments(p.b, variant.org)
			nothing, _ := q.arguments(p.none, variant.not)
			var st statement
			if err == nil {
				st, err = s.prepare(ctx, q, foreign)
			}
			a := Attack{Target: q.String(), Name: variant.name, As: s.role, Context: variant.in.name}
			if err != nil {
				a.Result, a.Verdict, a.Detail = "no case", Untried, err.Error()
			} else {
				counterpart := statement{sql: st.sql, args: nothing, types: st.types}
				o := p.compare(ctx, s, variant.in, st, counterpart, &a)
				if _, global := globalWrites[s.role+" "+q.name]; a.Verdict == Held && variant.org.letter == 'b' && !o.tag.Select() && o.tag.RowsAffected() > 0 && !global {
					a.Verdict, a.Detail = Broken, "it was done for canary B"
				}
			}
			p.note(ctx, a)
		}
	}
	p.controlQuery(ctx, q)
}

// compare runs a statement with canary B's values and its counterpart with those of nowhere, and fills in the
// attack.
func (p *proof) compare(ctx context.Context, s *session, c scope, st, counterpart statement, a *Attack) outcome {
	var unknown outcome
	changed, entered := false, false
	foreign := s.within(ctx, c, func(t *transaction) outcome {
		unknown = t.aside(func() outcome { return t.run(counterpart) })
		var err error
		o := t.aside(func() outcome {
			o := t.run(st)
			if !o.failed() {
				entered, err = p.sees(t)
			}
			if !o.failed() && err == nil && s.digest != "" {
				changed, err = p.changed(t)
			}
			return o
		})
		if o.fault == nil {
			o.fault = err
		}
		return o
	})
	a.Result, a.Verdict = foreign.result(), Held
	switch {
	case foreign.fault != nil || unknown.fault != nil:
		a.Verdict, a.Detail = Untried, fmt.Sprint(foreign.fault, unknown.fault)
	case foreign.leak(p.b, st.passed()) != "":
		a.Verdict, a.Detail = Broken, "it shows "+foreign.leak(p.b, st.passed())
	case changed:
		a.Verdict, a.Detail = Broken, "canary B is changed"
	case entered:
		a.Verdict, a.Detail = Broken, "afterwards the transaction is in canary B"
	case masked(foreign.String(), p.b, p.none) != masked(unknown.String(), p.b, p.none):
		a.Verdict, a.Detail = Broken, fmt.Sprintf("it answers otherwise than for what does not exist\nB:       %snothing: %s", foreign, unknown)
	}
	return foreign
}

// sees tells whether the transaction sees canary B.
func (p *proof) sees(t *transaction) (bool, error) {
	o := t.run(statement{sql: `SELECT 1 FROM roster.organizations WHERE id = $1`, args: []value{text(p.b.org.String())}})
	return len(o.rows) > 0, o.error()
}

// controlQuery is the control: inside canary B, with canary B's values, the query finds or does something.
func (p *proof) controlQuery(ctx context.Context, q query) {
	if reason, ok := withoutControl[q.name]; ok {
		p.exception(q.String(), reason)
		return
	}
	a := Attack{Target: q.String(), Name: "control: from inside, it finds or does something", Context: "in canary B", Verdict: Broken}
	args, err := q.arguments(p.b, p.b)
	if err != nil {
		a.Result, a.Verdict, a.Detail = "no case", Untried, err.Error()
		p.note(ctx, a)
		return
	}
	for _, s := range []*session{p.app, p.worker} {
		st, err := s.prepare(ctx, q, args)
		if err != nil {
			a.Result, a.Verdict, a.Detail = "no case", Untried, err.Error()
			continue
		}
		o := s.within(ctx, p.inside(p.b), func(t *transaction) outcome { return t.run(st) })
		a.As, a.Result = s.role, o.result()
		if !o.failed() && (len(o.rows) > 0 || o.tag.RowsAffected() > 0) {
			a.Verdict, a.Detail = Held, ""
			break
		}
		a.Detail = "The sweep of this query could reach nothing, so it says nothing: give it better values. " + o.String()
	}
	p.note(ctx, a)
}

// planAuth asks the server which tables a query of the authentication role reads or writes: none of those
// that hold an organization's rows.
func (p *proof) planAuth(ctx context.Context, q query) {
	a := Attack{Target: q.String(), Name: "its plan touches no organization's table", As: authRole, Verdict: Held}
	tables, err := p.planned(ctx, p.auth, q)
	var foreign []string
	for _, name := range tables {
		if strings.HasPrefix(name, "roster.") && name != "roster.users" || strings.HasPrefix(name, "door.") {
			foreign = append(foreign, name)
		}
	}
	a.Result = cmpOr(strings.Join(tables, ", "), "no table")
	switch {
	case err != nil:
		a.Result, a.Verdict, a.Detail = "no plan", Untried, err.Error()
	case len(foreign) > 0:
		a.Verdict, a.Detail = Broken, "it touches "+strings.Join(foreign, ", ")
	}
	p.note(ctx, a)
}

func cmpOr(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// openedSQL names the tables and views of Roster's that this transaction has opened.
const openedSQL = `SELECT n.nspname || '.' || c.relname FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE l.pid = pg_backend_pid() AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
	  AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_'`

// planned names the tables that the server opened to plan a query, and the functions in the plan. What it opened
// it has locked, also what the plan leaves out in the end: a newer server does not plan to read a table of which
// row security shows nothing. The plan is the generic one: with values the server could leave out a part that they
// make empty.
func (p *proof) planned(ctx context.Context, s *session, q query) ([]string, error) {
	described, err := s.conn.Prepare(ctx, "", q.sql, nil)
	if err != nil {
		return nil, err
	}
	types, nulls := make([]string, len(described.ParamOIDs)), make([]string, len(described.ParamOIDs))
	for i, oid := range described.ParamOIDs {
		nulls[i] = "NULL"
		if err := p.owner.QueryRow(ctx, `SELECT format_type($1, NULL)`, oid).Scan(&types[i]); err != nil {
			return nil, err
		}
	}
	list := func(s []string) string {
		if len(s) == 0 {
			return ""
		}
		return "(" + strings.Join(s, ", ") + ")"
	}
	generic := scope{settings: []setting{{"plan_cache_mode", "force_generic_plan"}}}
	var opened outcome
	o := s.within(ctx, generic, func(t *transaction) outcome {
		if o := t.run(statement{sql: "PREPARE attack " + list(types) + " AS " + q.sql}); o.failed() {
			return o
		}
		o := t.run(statement{sql: "EXPLAIN (VERBOSE, COSTS OFF, FORMAT JSON) EXECUTE attack " + list(nulls)})
		t.run(statement{sql: "DEALLOCATE attack"})
		opened = t.run(statement{sql: openedSQL})
		return o
	})
	if err := errors.Join(o.error(), opened.error()); err != nil {
		return nil, err
	}
	var plan any
	if err := json.Unmarshal([]byte(*o.rows[0][0]), &plan); err != nil {
		return nil, err
	}
	var names []string
	for _, row := range opened.rows {
		names = append(names, *row[0])
	}
	relations(plan, &names)
	slices.Sort(names)
	return slices.Compact(names), nil
}

// relations collects what the nodes of a plan name.
func relations(node any, names *[]string) {
	switch node := node.(type) {
	case []any:
		for _, one := range node {
			relations(one, names)
		}
	case map[string]any:
		for _, key := range []string{"Relation Name", "Function Name"} {
			if name, ok := node[key].(string); ok {
				*names = append(*names, fmt.Sprint(node["Schema"], ".", name))
			}
		}
		for _, one := range node {
			relations(one, names)
		}
	}
}
