package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/clipd/clipd/api"
)

func TestCheckAndRebuildReportWhileTheyWork(t *testing.T) {
	s := gallery(t)
	var stages []string
	watch := func(p api.Progress) {
		if len(stages) == 0 || stages[len(stages)-1] != p.Stage {
			stages = append(stages, p.Stage)
		}
	}
	report, err := s.client.Check(t.Context(), "demo", watch)
	if err != nil || report.Items != 6 || report.InWords != 6 || report.InVectors != 6 || report.Faulty != 0 || report.Collection != "demo" {
		t.Errorf("%+v, %v", report, err)
	}
	if strings.Join(stages, " ") != "store vectors words" {
		t.Errorf("stages %q", stages)
	}
	rebuilt, err := s.client.Rebuild(t.Context(), "demo", nil)
	if err != nil || rebuilt.Items != 6 {
		t.Errorf("%+v, %v", rebuilt, err)
	}
	if _, err := s.client.Check(t.Context(), "nowhere", nil); err == nil {
		t.Error("no error of an unknown collection")
	} else {
		wantError(t, refused(t, err), http.StatusNotFound, api.CodeNotFound, "collection", "nowhere")
	}
}
