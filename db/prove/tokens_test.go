package prove

import (
	"strings"
	"testing"
)

func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

// Every WHERE is found, and its condition alone, whatever stands in strings, names, comments and parentheses.
func TestWheres(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string][]string{
		`SELECT 1`:                     nil,
		`SELECT a FROM t WHERE x = $1`: {`SELECT a FROM t WHERE true `},
		`DELETE FROM t WHERE x = 1 AND y = 2 RETURNING z`:                 {`DELETE FROM t WHERE true RETURNING z`},
		`SELECT a FROM t WHERE x GROUP BY a HAVING b ORDER BY c LIMIT $1`: {`SELECT a FROM t WHERE true GROUP BY a HAVING b ORDER BY c LIMIT $1`},
		`SELECT a FROM t WHERE x FOR UPDATE`:                              {`SELECT a FROM t WHERE true FOR UPDATE`},
		`SELECT a FROM t WHERE x UNION ALL SELECT b FROM u where y; `: {
			`SELECT a FROM t WHERE true UNION ALL SELECT b FROM u where y; `,
			`SELECT a FROM t WHERE x UNION ALL SELECT b FROM u where true ; `},
		`SELECT (SELECT 1 FROM t WHERE a = (b)) FROM u WHERE c IN (SELECT d FROM v WHERE e ORDER BY f) LIMIT 1`: {
			`SELECT (SELECT 1 FROM t WHERE true ) FROM u WHERE c IN (SELECT d FROM v WHERE e ORDER BY f) LIMIT 1`,
			`SELECT (SELECT 1 FROM t WHERE a = (b)) FROM u WHERE true LIMIT 1`,
			`SELECT (SELECT 1 FROM t WHERE a = (b)) FROM u WHERE c IN (SELECT d FROM v WHERE true ORDER BY f) LIMIT 1`},
		`SELECT count(*) FILTER (WHERE x) FROM t`: {`SELECT count(*) FILTER (WHERE true ) FROM t`},
		`INSERT INTO t SELECT 1 WHERE x ON CONFLICT (a) DO UPDATE SET c = 1 WHERE t.d`: {
			`INSERT INTO t SELECT 1 WHERE true ON CONFLICT (a) DO UPDATE SET c = 1 WHERE t.d`,
			`INSERT INTO t SELECT 1 WHERE x ON CONFLICT (a) DO UPDATE SET c = 1 WHERE true `},
		`SELECT ' WHERE a' , " WHERE b", $$ WHERE c $$, $x$ WHERE ' $x$, E'\' WHERE d', 'it''s WHERE' FROM t -- WHERE e
		/* WHERE f /* WHERE g */ */ WHERE h = 'ORDER' AND somewhere = $2`: {`SELECT ' WHERE a' , " WHERE b", $$ WHERE c $$, $x$ WHERE ' $x$, E'\' WHERE d', 'it''s WHERE' FROM t -- WHERE e
		/* WHERE f /* WHERE g */ */ WHERE true `},
		`SELECT a FROM t WHERE substring(b FROM 1 FOR 2) = 'x' AND c`: {`SELECT a FROM t WHERE true `},
	} {
		clauses, err := wheres(sql)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		if len(clauses) != len(want) {
			t.Errorf("%s: %d clauses, want %d", sql, len(clauses), len(want))
			continue
		}
		for i, c := range clauses {
			if got := c.dropped(sql); squeeze(got) != squeeze(want[i]) {
				t.Errorf("%s: clause %d dropped is\n%s, want\n%s", sql, i, got, want[i])
			}
		}
	}
	for _, sql := range []string{`SELECT '`, `SELECT "`, `SELECT $x$`, `SELECT /* /* */`, `SELECT (1`} {
		if _, err := wheres(sql); err == nil {
			t.Errorf("%s is understood", sql)
		}
	}
}
