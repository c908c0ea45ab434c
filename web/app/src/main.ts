// Starts the pages.

import { mount } from "svelte";
import App from "./App.svelte";
import "./tokens.css";
import "./base.css";
import { routeOf } from "./route";

const target = document.getElementById("app");
if (!target) throw new Error("index.html has no #app");
mount(App, { target, props: { route: routeOf(location.pathname) } });
