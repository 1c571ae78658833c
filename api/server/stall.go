package server

import (
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// Bodies that are taken in as they arrive, of any length, have no time to arrive in: an upload of a gigabyte over a
// slow line is welcome, and so are vectors that are computed while they are sent. But a client that stops sending is cut
// off, and so is one that lets bytes drip: of the time that the server waits for it, each Options.BodyStall has to bring
// bodyStride bytes for every second.
const bodyStride = 1 << 10

// patient is a request's body whose client has to keep sending. It is not safe for concurrent use, as no body is.
type patient struct {
	io.ReadCloser
	setDeadline func(time.Time) error // of reading from the connection
	now         func() time.Time
	stall       time.Duration
	enough      int64         // bytes that renew the patience
	waited      time.Duration // for the client, since it was renewed
	got         int64         // bytes, since then
	failed      bool
}

// keepSending makes the request's body a patient one, and gives the function that ends that. Where the connection knows no
// deadlines, as in process, the body is left as it is.
func (s *Server) keepSending(c echo.Context) (done func()) {
	control := http.NewResponseController(c.Response())
	if control.SetReadDeadline(time.Time{}) != nil {
		return func() {}
	}
	request := c.Request()
	stall := s.opts.BodyStall
	body := &patient{
		ReadCloser: request.Body, setDeadline: control.SetReadDeadline, now: time.Now, stall: stall, enough: int64(stall.Seconds() * bodyStride),
	}
	request.Body = body
	return func() {
		if body.failed {
			giveUp(c)
			return
		}
		_ = control.SetReadDeadline(time.Time{}) // it could be set before
	}
}

// unreadGrace is how long net/http may take to read on in a body that its handler has left.
const unreadGrace = 5 * time.Second

// givenUp is where a request's context keeps that nobody waits for the rest of its body.
const givenUp = "clipd given up"

func giveUp(c echo.Context) { c.Set(givenUp, true) }

// leave bounds the time for which net/http reads on in the body of a request that is answered, which it does before it
// sends the answer. The next request on the connection has a time of its own.
func leave(c echo.Context) {
	if c.Request().ContentLength == 0 {
		return
	}
	grace := unreadGrace
	if c.Get(givenUp) != nil {
		grace = 0
	}
	_ = http.NewResponseController(c.Response()).SetReadDeadline(time.Now().Add(grace)) // in process there is none
}

// Read fails with os.ErrDeadlineExceeded when the client has stalled.
func (p *patient) Read(data []byte) (int, error) {
	begun := p.now()
	if err := p.setDeadline(begun.Add(p.stall - p.waited)); err != nil {
		return 0, err
	}
	n, err := p.ReadCloser.Read(data)
	p.failed = p.failed || err != nil && err != io.EOF
	p.waited += p.now().Sub(begun)
	if p.got += int64(n); p.got >= p.enough {
		p.got, p.waited = 0, 0
	}
	return n, err
}
