package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
)

// One form brings a file along; on every other route a body of parts is refused.

// upload is a file that came with a form.
type upload struct {
	name string
	data []byte
}

// What a form with a file may have on top of any other, and how long it may take to come: the file, and one byte more than
// is read of it, so that somebody is told by whoever reads it what is too much.
const (
	fileMax  = 1<<20 + 16<<10
	fileTime = 70 * time.Second
)

// fileField is the field of the file. In the form it stands with its name, and fileDigest with what is in it: so a form with
// another file is another form.
const (
	fileField  = "file"
	fileDigest = "file_digest"
)

// takesFile tells a form with a file, on the route that files are brought to.
func takesFile(r *http.Request) bool {
	ok, _ := path.Match("/orgs/*/invitations/import", r.URL.Path)
	return ok && r.Method == http.MethodPost && strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data")
}

// parts reads a form with a file, as strictly as one without.
func parts(body []byte, boundary string) (url.Values, *upload, int) {
	values := url.Values{}
	var file *upload
	for reader, n := multipart.NewReader(bytes.NewReader(body), boundary), 0; ; n++ {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) && n > 0 {
			break
		}
		if err != nil || part.Header.Get("Content-Transfer-Encoding") != "" {
			return nil, nil, http.StatusBadRequest
		}
		if n == fieldsMax {
			return nil, nil, http.StatusRequestEntityTooLarge
		}
		data, err := io.ReadAll(part)
		name := part.FormName()
		if err != nil || name == "" || name == fileDigest {
			return nil, nil, http.StatusBadRequest
		}
		if name != fileField {
			values.Add(name, string(data))
			continue
		}
		file = &upload{strings.ToValidUTF8(part.FileName(), "?"), data}
		digest := sha256.Sum256(data)
		values.Add(name, strings.ReplaceAll(file.name, "\x00", "?"))
		values.Set(fileDigest, hex.EncodeToString(digest[:]))
	}
	values, status := strictly(values)
	return values, file, status
}
