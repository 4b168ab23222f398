package prove

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// clause is where the condition of a WHERE stands in a text: after the word, up to its end.
type clause struct{ begin, end int }

// dropped is the text with true for the condition.
func (c clause) dropped(sql string) string { return sql[:c.begin] + " true " + sql[c.end:] }

// endsWhere are the words that can follow a condition.
var endsWhere = map[string]bool{"GROUP": true, "HAVING": true, "WINDOW": true, "UNION": true, "INTERSECT": true, "EXCEPT": true, "ORDER": true,
	"LIMIT": true, "OFFSET": true, "FETCH": true, "FOR": true, "RETURNING": true, "ON": true}

// wheres finds the condition of every WHERE, also of those inside sub-selects and filters.
func wheres(sql string) ([]clause, error) {
	type waiting struct{ clause, depth int }
	var found []clause
	var open []waiting
	depth := 0
	end := func(at, deeperThan int) {
		for len(open) > 0 && open[len(open)-1].depth > deeperThan {
			found[open[len(open)-1].clause].end = at
			open = open[:len(open)-1]
		}
	}
	for at := 0; at < len(sql); {
		kind, length, err := next(sql[at:])
		if err != nil {
			return nil, fmt.Errorf("at %d: %w", at, err)
		}
		word := strings.ToUpper(sql[at : at+length])
		switch {
		case kind == other && word == "(":
			depth++
		case kind == other && word == ")":
			depth--
			end(at, depth)
		case kind == other && word == ";":
			end(at, -1)
		case kind == bare && word == "WHERE":
			open = append(open, waiting{len(found), depth})
			found = append(found, clause{begin: at + length})
		case kind == bare && endsWhere[word]:
			end(at, depth-1)
		}
		at += length
	}
	if depth != 0 {
		return nil, fmt.Errorf("the parentheses do not match")
	}
	end(len(sql), -1)
	return found, nil
}

// The kinds of token: a bare word, something quoted or a comment, and any other character.
const (
	other = iota
	bare
	quoted
)

// next is the kind and the length of a text's first token.
func next(s string) (kind, length int, err error) {
	switch {
	case strings.HasPrefix(s, "--"):
		return quoted, upTo(s, "\n"), nil
	case strings.HasPrefix(s, "/*"):
		return comment(s)
	case s[0] == '\'' || s[0] == '"':
		return untilQuote(s, 1, s[0], false)
	case len(s) > 1 && (s[0] == 'E' || s[0] == 'e') && s[1] == '\'':
		return untilQuote(s, 2, '\'', true)
	case s[0] == '$':
		return dollar(s)
	case letter(s[0]):
		n := 1
		for n < len(s) && (letter(s[n]) || s[n] >= '0' && s[n] <= '9' || s[n] == '$') {
			n++
		}
		return bare, n, nil
	}
	_, n := utf8.DecodeRuneInString(s)
	return other, n, nil
}

func letter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf
}

func upTo(s, mark string) int {
	if i := strings.Index(s, mark); i >= 0 {
		return i + len(mark)
	}
	return len(s)
}

// comment is /* … */, and they nest.
func comment(s string) (kind, length int, err error) {
	depth := 0
	for i := 0; i+1 < len(s); i++ {
		switch s[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
			if depth == 0 {
				return quoted, i + 1, nil
			}
		}
	}
	return 0, 0, fmt.Errorf("a comment does not end")
}

// untilQuote is a string or a quoted name; a doubled quote stands for itself.
func untilQuote(s string, from int, quote byte, escapes bool) (kind, length int, err error) {
	for i := from; i < len(s); i++ {
		switch {
		case escapes && s[i] == '\\':
			i++
		case s[i] == quote && i+1 < len(s) && s[i+1] == quote:
			i++
		case s[i] == quote:
			return quoted, i + 1, nil
		}
	}
	return 0, 0, fmt.Errorf("a string or name does not end")
}

// dollar is a parameter like $1, or a string like $tag$ … $tag$.
func dollar(s string) (kind, length int, err error) {
	n := 1
	for n < len(s) && (letter(s[n]) || s[n] >= '0' && s[n] <= '9') {
		n++
	}
	if n == len(s) || s[n] != '$' {
		return other, n, nil
	}
	tag := s[:n+1]
	end := strings.Index(s[len(tag):], tag)
	if end < 0 {
		return 0, 0, fmt.Errorf("a string does not end")
	}
	return quoted, len(tag) + end + len(tag), nil
}
