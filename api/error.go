package api

import "fmt"

// Codes of ErrorDetail.
const (
	CodeInvalidRequest = "invalid_request" // 400: wrong JSON, missing or contradicting fields
	CodeInvalidImage   = "invalid_image"   // 400: bytes that are no picture, truncated, unsupported
	CodeTooLarge       = "too_large"       // 413: over a limit; the message names the limit
	CodeUnauthorized   = "unauthorized"    // 401
	CodeForbidden      = "forbidden"       // 403: a web page of another origin, or a host name that is not the server's
	CodeNotFound       = "not_found"       // 404: no such route, collection or item
	CodeMethod         = "method"          // 405: the route has other methods
	CodeMediaType      = "media_type"      // 415: the route reads another Content-Type
	CodeConflict       = "conflict"        // 409: exists already
	CodeExpired        = "expired"         // 410: the cursor's list cannot be made again
	CodeFingerprint    = "fingerprint"     // 409: vectors of another model
	CodeBusy           = "busy"            // 429, with Retry-After
	CodeUnavailable    = "unavailable"     // 503: starting or stopping
	CodeDamaged        = "damaged"         // 500: what lies on disk is damaged; the message says where
	CodeInternal       = "internal"        // 500: clipd's own fault; the log has the cause
	CodeUnreadable     = "unreadable"      // made by the Go client alone: the file to send could not be read
)

// Types of ErrorDetail, as OpenAI's clients expect them.
const (
	TypeInvalidRequest = "invalid_request_error" // the client's to mend
	TypeServer         = "server_error"          // the server's, or a matter of time
)

// ErrorResponse is the body of every answer that is not a success; it is OpenAI's shape.
type ErrorResponse struct {
	Error ErrorDetail `json:"error"`
}

// ErrorDetail says what went wrong, with which item, and what to do.
type ErrorDetail struct {
	Message string  `json:"message"`
	Type    string  `json:"type"` // TypeInvalidRequest or TypeServer
	Code    string  `json:"code"`
	Param   *string `json:"param"`          // the field at fault, where one is
	Item    string  `json:"item,omitempty"` // the file, id or position at fault
}

// Error is an ErrorDetail as a Go error, with the HTTP status.
type Error struct {
	Status int
	Detail ErrorDetail
}

// Error is "message (code, HTTP status)".
func (e *Error) Error() string {
	return fmt.Sprintf("%s (%s, HTTP %d)", e.Detail.Message, e.Detail.Code, e.Status)
}
