package server_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"image/color"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/api/server"
)

// TestClientsThatStallAreCutOff: whoever promises more and sends nothing is answered and let go, and what came before is
// kept. The clients wait for as long as the test may take.
func TestClientsThatStallAreCutOff(t *testing.T) {
	const room = 8 << 20
	s := start(t, func(_ *server.Deps, o *server.Options) {
		o.MaxBodies, o.BodyStall, o.BodyWait = room, 100*time.Millisecond, time.Minute
	})
	s.create(t, "demo")
	address := strings.TrimPrefix(s.listen(t), "http://")
	form := "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"red.png\"\r\n\r\n" + string(pngFile(t, color.RGBA{255, 0, 0, 255}, 1)) +
		"\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"blue.png\"\r\n\r\nhalf of it"
	s.add(t, "demo", api.NewItem{Text: "red"})
	header, items := exported(t, s, "demo")
	lines, err := json.Marshal(api.TransferLine{Header: &header})
	if err != nil {
		t.Fatal(err)
	}
	item, err := json.Marshal(items[0])
	if err != nil {
		t.Fatal(err)
	}
	for path, body := range map[string][3]string{
		"/v1/collections/demo/items":  {"multipart/form-data; boundary=x", form, "1 files before that were taken in"},
		"/v1/collections/demo/search": {"multipart/form-data; boundary=x", "--x\r\n", ""},
		"/v1/collections/demo/import": {"application/x-ndjson", string(lines) + "\n" + string(item) + "\n{\"item\":", "1 items before that were taken in"},
		"/v1/restore?name=other":      {"application/x-tar", "half of", ""},
	} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", path, address, body[0], room, body[1])
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		answer, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusRequestTimeout || !strings.Contains(string(answer), "too slowly") {
			t.Errorf("%s: %s, %s, %v", path, resp.Status, answer, err)
		}
		if kept := body[2]; !strings.Contains(string(answer), kept) {
			t.Errorf("%s: what came whole is not kept: %s", path, answer)
		}
	}
}
