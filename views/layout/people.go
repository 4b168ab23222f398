package layout

import (
	"roster/views/paths"
	"roster/views/ui"
)

// RequestsTab is the tab of the requests to join, among those about people.
func RequestsTab(slug string, waiting int, current bool) ui.Tab {
	return ui.Tab{URL: paths.Requests(slug), Label: "Requests", Count: openCount(waiting), CountID: "tab-requests", Current: current}
}
