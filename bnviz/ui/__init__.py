"""The Streamlit interface: controls, live figures and pages. No other package uses Streamlit."""
