package server

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/clipd/clipd/space"
)

// Bodies of requests are held in memory while their pictures wait for the tower, so what all of them hold together is
// bounded: a request is read when there is room for it, and the client's connection waits until then. Who has waited
// for Options.BodyWait in vain gets 429.

// smallBody is what a request may hold without asking for room, as a search with words does: no more than the
// buffers of its connection.
const smallBody = 64 << 10

// A client that has room must use it: it may take a minute to send a body, and more at less than slowBody bytes a
// second.
const (
	bodyGrace = time.Minute
	slowBody  = 256 << 10
)

// roomKey is where a request's context keeps the bytes that it has room for.
const roomKey = "clipd room"

// reserve waits until there is room for the request's body, of which at most limit bytes are held. The room is the
// request's until it is answered; a request reserves once, so none waits for another while it holds some.
func (s *Server) reserve(c echo.Context, limit int64) error {
	want := c.Request().ContentLength
	if want < 0 || want > limit { // it is not known, or the rest will not be read
		want = limit
	}
	if want <= smallBody {
		return nil
	}
	want = min(want, s.opts.MaxBodies)
	ctx := c.Request().Context()
	patience, cancel := context.WithTimeout(ctx, s.opts.BodyWait)
	defer cancel()
	if s.bodies.Acquire(patience, want) != nil {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.metrics.bodiesRefused.Inc()
		return fmt.Errorf("%w: the bodies of other requests fill the %d bytes that there are for them (--max-bodies); try again in a moment", space.ErrBusy, s.opts.MaxBodies)
	}
	s.hold(c, want)
	return nil
}

// hold notes how much room the request has.
func (s *Server) hold(c echo.Context, bytes int64) {
	had, _ := c.Get(roomKey).(int64)
	c.Set(roomKey, bytes)
	s.metrics.bodies.Add(float64(bytes - had))
}

// shrink gives back what a body whose length was not known has not needed.
func (s *Server) shrink(c echo.Context, needed int64) {
	has, _ := c.Get(roomKey).(int64)
	if needed < has {
		s.hold(c, needed)
		s.bodies.Release(has - needed)
	}
}

// makeRoom gives a request's room back when it is answered.
func (s *Server) makeRoom(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		defer s.shrink(c, 0)
		defer leave(c)
		return next(c)
	}
}

// readBody reads the request's body whole.
func (s *Server) readBody(c echo.Context, limit int64, flag string) ([]byte, error) {
	length := c.Request().ContentLength
	if length > limit {
		return nil, bodyError(&http.MaxBytesError{Limit: limit}, flag)
	}
	if err := s.reserve(c, limit); err != nil {
		return nil, err
	}
	done := s.hurry(c, limit)
	var data bytes.Buffer
	if length > 0 {
		data.Grow(int(length) + bytes.MinRead) // ReadFrom wants that much to see the end
	}
	if _, err := data.ReadFrom(http.MaxBytesReader(c.Response(), c.Request().Body, limit)); err != nil {
		giveUp(c)
		return nil, bodyError(err, flag)
	}
	done()
	s.shrink(c, int64(data.Len()))
	return data.Bytes(), nil
}

// hurry bounds the time in which the body arrives, and gives the function that ends that. Where the connection knows
// no deadlines, as in process, there is none.
func (s *Server) hurry(c echo.Context, limit int64) (done func()) {
	length := c.Request().ContentLength
	if length < 0 {
		length = limit
	}
	control := http.NewResponseController(c.Response())
	if control.SetReadDeadline(time.Now().Add(bodyGrace+time.Duration(length/slowBody)*time.Second)) != nil {
		return func() {}
	}
	return func() { _ = control.SetReadDeadline(time.Time{}) } // it could be set before
}
