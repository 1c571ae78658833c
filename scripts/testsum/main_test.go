package main

import (
	"strings"
	"testing"
)

const events = `{"Action":"start","Package":"example/a"}
{"Action":"run","Package":"example/a","Test":"TestGood"}
{"Action":"output","Package":"example/a","Test":"TestGood","Output":"chatter\n"}
{"Action":"pass","Package":"example/a","Test":"TestGood","Elapsed":0.1}
{"Action":"output","Package":"example/a","Test":"TestBrowser","Output":"=== RUN   TestBrowser\n"}
{"Action":"output","Package":"example/a","Test":"TestBrowser","Output":"    page_test.go:12: no Chromium: install it\n"}
{"Action":"output","Package":"example/a","Test":"TestBrowser","Output":"--- SKIP: TestBrowser (0.00s)\n"}
{"Action":"skip","Package":"example/a","Test":"TestBrowser"}
{"Action":"pass","Package":"example/a","Elapsed":0.2}
`

const failure = `{"Action":"output","Package":"example/b","Test":"TestBad","Output":"    b_test.go:7: got 1; want 2\n"}
{"Action":"fail","Package":"example/b","Test":"TestBad"}
{"Action":"fail","Package":"example/b","Elapsed":0.3}
`

const brokenBuild = `{"ImportPath":"example/c [example/c.test]","Action":"build-output","Output":"c.go:3:1: syntax error\n"}
{"ImportPath":"example/c [example/c.test]","Action":"build-fail"}
{"Action":"start","Package":"example/c"}
{"Action":"output","Package":"example/c","Output":"FAIL\texample/c [build failed]\n"}
{"Action":"fail","Package":"example/c","Elapsed":0,"FailedBuild":"example/c [example/c.test]"}
`

const crash = `{"Action":"run","Package":"example/d","Test":"TestCrash"}
{"Action":"output","Package":"example/d","Test":"TestCrash","Output":"SIGSEGV: segmentation violation\n"}
{"Action":"fail","Package":"example/d","Elapsed":0.1}
`

func summarize(t *testing.T, text string) (string, bool) {
	t.Helper()
	var out strings.Builder
	sum := newSummary(&out)
	if err := sum.read(strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	good := sum.finish()
	return out.String(), good
}

func TestSummary(t *testing.T) {
	for _, c := range []struct {
		name, events string
		good         bool
		want         []string
	}{
		{"good", events, true, []string{"ok    example/a", "2 tests", "example/a TestBrowser: no Chromium: install it", "1 passed, 0 failed, 1 skipped"}},
		{"failed", events + failure, false, []string{"FAIL  example/b TestBad", "got 1; want 2", "1 of 1 tests failed", "1 passed, 1 failed"}},
		{"not compiled", events + brokenBuild, false, []string{"c.go:3:1: syntax error", "1 packages did not compile", "1 passed, 1 failed"}},
		{"crashed", events + crash, false, []string{"SIGSEGV", "1 passed, 1 failed"}},
		{"nothing ran", "", false, []string{"0 passed, 0 failed"}},
		{"message", "go: warning\n" + events, true, []string{"go: warning"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, good := summarize(t, c.events)
			if good != c.good {
				t.Errorf("good is %t; want %t", good, c.good)
			}
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("no %q in\n%s", want, got)
				}
			}
			if strings.Contains(got, "chatter") {
				t.Errorf("output of a passed test in\n%s", got)
			}
		})
	}
}
