package server

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/clipd/clipd/api"
)

// headerRequestID is sent with every answer and stands in the log.
const headerRequestID = echo.HeaderXRequestID

// open are the routes that need no API key: the page and what describes the service, but none of its data.
var open = []string{"/", "/*", "/docs", "/openapi.json", "/healthz", "/readyz"}

var goodRequestID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// identify gives each request an id: the client's, where it is a harmless one, else a random one.
func identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := c.Request().Header.Get(headerRequestID)
		if !goodRequestID.MatchString(id) {
			id = rand.Text()
		}
		c.Response().Header().Set(headerRequestID, id)
		return next(c)
	}
}

func requestID(c echo.Context) string { return c.Response().Header().Get(headerRequestID) }

// observe answers errors, then logs and counts the request.
func (s *Server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		begun := time.Now()
		s.metrics.inFlight.Inc()
		defer s.metrics.inFlight.Dec()
		err := next(c)
		if err != nil {
			c.Error(err)
		}
		took := time.Since(begun)
		s.metrics.observeRequest(c, took)
		s.log(c, took, err)
		return nil
	}
}

func (s *Server) log(c echo.Context, took time.Duration, err error) {
	req, status := c.Request(), c.Response().Status
	level := slog.LevelInfo
	switch {
	case status >= http.StatusInternalServerError:
		level = slog.LevelError
	case quiet(c.Path()), req.RemoteAddr == api.InProcess:
		level = slog.LevelDebug
	}
	attrs := []slog.Attr{
		slog.String("id", requestID(c)),
		slog.String("method", req.Method),
		slog.String("path", req.URL.Path),
		slog.Int("status", status),
		slog.Duration("took", took),
		slog.Int64("bytes", c.Response().Size),
		slog.String("remote", req.RemoteAddr),
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	s.opts.Log.LogAttrs(req.Context(), level, "request", attrs...)
}

// quiet are routes that are asked all the time and say nothing.
func quiet(route string) bool {
	return route == "/healthz" || route == "/readyz" || route == "/metrics" || route == "/*" ||
		strings.HasSuffix(route, "/thumbnail")
}

// survive turns a panic into an error with its stack, so that one request's fault ends that request alone.
func survive(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler {
				panic(p) // net/http's own way to cut a connection
			}
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}()
		return next(c)
	}
}

// harden sends the headers that every answer has; the page adds a content policy of its own.
func harden(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("X-Frame-Options", "DENY")
		return next(c)
	}
}

// checkHost refuses requests that reach a loopback address under a foreign host name: that is how a web page whose
// name was rebound to 127.0.0.1 would read a private server. API keys protect as well, so the check is off with them.
func (s *Server) checkHost(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		local, _ := c.Request().Context().Value(http.LocalAddrContextKey).(net.Addr)
		tcp, ok := local.(*net.TCPAddr)
		if !ok || !tcp.IP.IsLoopback() || len(s.opts.APIKeys) > 0 || s.isOwnName(c.Request().Host) {
			return next(c)
		}
		return fail(http.StatusForbidden, api.CodeForbidden, "",
			"this server does not answer to the host name %q; allow it with --host-name", c.Request().Host)
	}
}

func (s *Server) isOwnName(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || net.ParseIP(host) != nil ||
		slices.Contains(s.opts.Hosts, host)
}

// sharing lets the pages of Options.CORSOrigins call.
func (s *Server) sharing() echo.MiddlewareFunc {
	return middleware.CORSWithConfig(middleware.CORSConfig{
		AllowOrigins:  s.opts.CORSOrigins,
		AllowMethods:  []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete},
		AllowHeaders:  []string{echo.HeaderContentType, echo.HeaderAuthorization, headerRequestID},
		ExposeHeaders: []string{headerRequestID, "Retry-After"},
		MaxAge:        600,
	})
}

// refuseForeignPages keeps web pages of other origins from changing anything: a form can be sent without the
// browser asking first.
func (s *Server) refuseForeignPages() (echo.MiddlewareFunc, error) {
	protection := http.NewCrossOriginProtection()
	for _, origin := range s.opts.CORSOrigins {
		if origin == "*" {
			return func(next echo.HandlerFunc) echo.HandlerFunc { return next }, nil
		}
		if err := protection.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("--cors-origin %q: %w; want https://host or http://host:port", origin, err)
		}
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if err := protection.Check(c.Request()); err != nil {
				return fail(http.StatusForbidden, api.CodeForbidden, "",
					"pages of the origin %q may not call this server; allow them with --cors-origin", c.Request().Header.Get("Origin"))
			}
			return next(c)
		}
	}, nil
}

// authorize asks for an API key where there are any. Keys are compared by their hashes, in constant time.
func (s *Server) authorize() echo.MiddlewareFunc {
	keys := make([][sha256.Size]byte, len(s.opts.APIKeys))
	for i, key := range s.opts.APIKeys {
		keys[i] = sha256.Sum256([]byte(key))
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if len(keys) == 0 || slices.Contains(open, c.Path()) || c.Request().Method == http.MethodOptions {
				return next(c)
			}
			token, bearer := strings.CutPrefix(c.Request().Header.Get(echo.HeaderAuthorization), "Bearer ")
			if !bearer || !anyKey(keys, token) {
				c.Response().Header().Set(echo.HeaderWWWAuthenticate, "Bearer")
				return fail(http.StatusUnauthorized, api.CodeUnauthorized, "",
					"a valid API key is required; send the header Authorization: Bearer <key>")
			}
			return next(c)
		}
	}
}

func anyKey(keys [][sha256.Size]byte, token string) bool {
	sum := sha256.Sum256([]byte(token))
	found := 0
	for i := range keys {
		found |= subtle.ConstantTimeCompare(keys[i][:], sum[:])
	}
	return found == 1
}
