export { IncidentsPage } from "./components/IncidentsPage";
