export { VerdictsPage } from "./components/VerdictsPage";
