package gallery_test

import (
	"strings"
	"testing"
	"time"

	"roster/views/gallery"
)

func TestEveryPageOfTheGalleryIsThere(t *testing.T) {
	now := time.Date(2026, 3, 17, 9, 41, 0, 0, time.UTC)
	for _, name := range append(gallery.Names(), "") {
		page := gallery.Page(name, "dark", now)
		if page == nil {
			t.Errorf("the gallery names a page %q and does not have it", name)
			continue
		}
		var out strings.Builder
		if err := page.Render(t.Context(), &out); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		if html := out.String(); !strings.Contains(html, `data-theme="dark"`) || !strings.HasSuffix(html, "</html>") {
			t.Errorf("%q is not a whole page in the chosen appearance", name)
		}
	}
	if gallery.Page("nothing", "", now) != nil {
		t.Error("a page that does not exist is shown")
	}
}
