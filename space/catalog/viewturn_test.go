package catalog

import (
	"context"
	"errors"
	"testing"
)

// TestViewsAreMadeInTurn: while one is made, kept ones are answered, others wait, and whoever waits can leave.
func TestViewsAreMadeInTurn(t *testing.T) {
	c := &Catalog{views: newViews()}
	made := 0
	double := func(_ context.Context, n int) (int, error) { made++; return 2 * n, nil }
	ask := func(ctx context.Context, n int) (int, error) { return viewOf(ctx, c, n, double) }
	if got, err := ask(t.Context(), 4); got != 8 || err != nil {
		t.Fatal(got, err)
	}
	begun, end, done := make(chan struct{}), make(chan struct{}), make(chan error)
	slow := func(context.Context, int) (int, error) {
		close(begun)
		<-end
		return 100, nil
	}
	go func() {
		_, err := viewOf(t.Context(), c, 50, slow)
		done <- err
	}()
	<-begun
	if got, err := ask(t.Context(), 4); got != 8 || err != nil || made != 1 {
		t.Errorf("a kept one: %d, %v, made %d times", got, err, made)
	}
	ctx, leave := context.WithCancel(t.Context())
	leave()
	if _, err := ask(ctx, 5); !errors.Is(err, context.Canceled) {
		t.Errorf("one who left: %v", err)
	}
	same := make(chan int)
	go func() {
		got, _ := ask(t.Context(), 50)
		same <- got
	}()
	close(end)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := <-same; got != 100 || made != 1 {
		t.Errorf("who asked the same meanwhile got %d, made %d times", got, made)
	}
	for n := range maxViews + 1 {
		if _, err := ask(t.Context(), 1000+n); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.views.kept) != maxViews {
		t.Errorf("%d are kept", len(c.views.kept))
	}
	c.slotChanges++
	if _, err := ask(t.Context(), 1000+maxViews); err != nil || made != 2+maxViews+1 {
		t.Errorf("after a write: %v, made %d", err, made)
	}
}
