package web

import (
	"net/http"
	"reflect"
	"runtime"
	"slices"
	"strings"
)

// What tests may take away from a site, to see that a law misses it. Nothing of this is in the program.

// Weaken has a route need something else from now on, and says what it needed before.
func (s *Server) Weaken(method, path, needs string) string {
	for _, r := range s.routes {
		if r.Method == method && r.Path == path {
			was := r.Needs
			r.Needs = needs
			return was
		}
	}
	panic("no route " + method + " " + path)
}

// Without is the site without one layer of its stack: "knownHost", "limits", "sameOrigin", …
func (s *Server) Without(name string) http.Handler {
	layers := s.layers()
	kept := slices.DeleteFunc(slices.Clone(layers), func(l layer) bool {
		return strings.HasSuffix(runtime.FuncForPC(reflect.ValueOf(l).Pointer()).Name(), "."+name+"-fm")
	})
	if len(kept) != len(layers)-1 {
		panic("no layer " + name)
	}
	return s.stack(kept)
}

// WithoutMarks is the site whose gates compare no mark of a kind: of the person ("_person", "Roster-User") or of the
// organization ("_org", "Roster-Org"). They are taken off each request before the gates see it.
func (s *Server) WithoutMarks(field, header string) http.Handler {
	layers := append(s.layers(), func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.PostForm.Del(field)
			r.Header.Del(header)
			next.ServeHTTP(w, r)
		})
	})
	return s.stack(layers)
}
