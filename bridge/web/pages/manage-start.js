/* The last script of a managers' page: draws its view. */
(function () {
  "use strict";

  const view = Halld.views[Halld.context.view];
  Halld.manage.start(() => {
    const main = Halld.at("main");
    document.body.classList.remove("is-ready");
    view(main);
  });
  if (Halld.context.needs_token && !localStorage.getItem(Halld.manage.tokenKey)) {
    Halld.parts.askToken();
  }
})();
