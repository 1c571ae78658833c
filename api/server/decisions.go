package server

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
)

// decisions answers GET …/duplicates/decisions.
func (s *Server) decisions(c echo.Context) error {
	in, _, err := s.find(c)
	if err != nil {
		return err
	}
	list, err := in.Decisions(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, api.DecisionList{Decisions: append([]space.Decision{}, list...)})
}

// decide answers POST …/duplicates/decisions.
func (s *Server) decide(c echo.Context) error {
	in, _, err := s.find(c)
	if err != nil {
		return err
	}
	req, err := readJSON[api.DecideRequest](s, c, refuseUnknown)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	made := []space.Decision{}
	switch {
	case len(req.Keys) > 0 && (req.Choice != space.Undecided || len(req.IDs) > 0):
		return invalid("keys", `keys go with the choice "undecided", and without ids`)
	case len(req.Keys) > 0:
		err = in.Revoke(ctx, req.Keys)
	default:
		made, err = in.Decide(ctx, req.Choice, req.IDs)
	}
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, api.DecisionList{Decisions: made})
}
